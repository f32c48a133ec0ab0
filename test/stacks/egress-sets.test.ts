import { describe, expect, test } from "vitest";
import { type Files, read } from "./read-set.ts";

/** What the package managers' sets become on machines of many kinds. */

describe("npm", () => {
  // What npm takes where nothing is configured.
  const npmjs = "registry.npmjs.org:443";
  const user = (text: string) => ({ "home/.npmrc": text });

  test.each<[string, Files, Record<string, string>, string[]]>([
    ["nothing is its default", {}, {}, [npmjs]],
    ["a mirror", user("registry=https://npm.corp.example:8443/npm/\n"), {}, ["npm.corp.example:8443"]],
    ["a mirror without TLS", user("registry = http://npm.corp.example\n"), {}, ["npm.corp.example:80"]],
    [
      "quotes, comments and other keys",
      user('; registry=https://a.example\n# b\nfund=false\nregistry="https://npm.corp.example/"\n[other]\nregistry=https://b.example\n'),
      {},
      ["npm.corp.example:443"],
    ],
    ["a comment behind a value", user("registry=https://npm.corp.example/ ; ours\n"), {}, ["npm.corp.example:443"]],
    [
      "a scope's registry besides the default",
      user("@corp:registry=https://npm.corp.example/\n//npm.corp.example/:_authToken=x\n"),
      {},
      [npmjs, "npm.corp.example:443"],
    ],
    [
      "the project's over the user's",
      { ...user("registry=https://user.example"), "root/.npmrc": "registry=https://project.example" },
      {},
      ["project.example:443"],
    ],
    [
      "a variable over all files",
      { "root/.npmrc": "registry=https://project.example" },
      { npm_config_registry: "https://variable.example" },
      ["variable.example:443"],
    ],
    ["a variable in capitals", {}, { NPM_CONFIG_REGISTRY: "https://variable.example" }, ["variable.example:443"]],
    ["an empty variable is none", {}, { npm_config_registry: "" }, [npmjs]],
    ["a variable in a file", user("registry=https://${HOST}/${GONE?}"), { HOST: "npm.corp.example" }, ["npm.corp.example:443"]],
    [
      "the user's file elsewhere",
      { "home/other": "registry=https://user.example" },
      { npm_config_userconfig: "HERE/home/other" },
      ["user.example:443"],
    ],
    [
      "the global file elsewhere",
      { "home/other": "registry=https://global.example" },
      { npm_config_globalconfig: "HERE/home/other" },
      ["global.example:443"],
    ],
    [
      "the global file beside node, over npm's own",
      {
        "usr/bin/node": "",
        "usr/etc/npmrc": "registry=https://global.example",
        "usr/lib/node_modules/npm/npmrc": "registry=https://builtin.example\n@corp:registry=https://scope.example",
      },
      { PATH: "HERE/bin:HERE/usr/bin" },
      ["global.example:443", "scope.example:443"],
    ],
    [
      "the global file of another prefix",
      { ...user("prefix=HERE/opt"), "opt/etc/npmrc": "registry=https://global.example" },
      {},
      ["global.example:443"],
    ],
    ["a password in a URL", user("registry=https://me:hunter2@npm.corp.example/"), {}, ["npm.corp.example:443"]],
  ])("%s", (_, files, variables, expected) => {
    expect(read("npm", files, variables)).toEqual(expected);
  });
});

describe("pip", () => {
  const pypi = ["pypi.org:443", "files.pythonhosted.org:443"];
  const system = (text: string) => ({ "etc/pip.conf": text });

  test.each<[string, Files, Record<string, string>, string[]]>([
    ["nothing is its default, whose files lie elsewhere", system("[global]\ncert = /etc/ssl/cert.pem\n"), {}, pypi],
    ["a mirror", system("[global]\nindex-url = https://pip.corp.example/simple\n"), {}, ["pip.corp.example:443"]],
    [
      "keys as options and in capitals",
      system("[global]\n--Index_URL: http://pip.corp.example:8081/simple\n"),
      {},
      ["pip.corp.example:8081"],
    ],
    [
      "further indexes, a line each",
      system("[global]\nextra-index-url =\n    https://one.example\n    # two\n    https://two.example\ntimeout = 5\n"),
      {},
      [...pypi, "one.example:443", "two.example:443"],
    ],
    [
      "the index for tests",
      system("[global]\nindex-url = https://test.pypi.org/simple\n"),
      {},
      ["test.pypi.org:443", "test-files.pythonhosted.org:443"],
    ],
    [
      "links, but no folders",
      system("[global]\nno-index = true\nfind-links = /opt/wheels https://links.example/x\n"),
      {},
      ["links.example:443"],
    ],
    [
      "what holds for install alone",
      system("[global]\nindex-url = https://one.example\n[install]\nindex-url = https://two.example\n[search]\nindex = x\n"),
      {},
      ["two.example:443"],
    ],
    [
      "the user's over the system's, the newer place over the older",
      {
        ...system("[global]\nindex-url = https://system.example\nextra-index-url = https://extra.example\n"),
        "home/.pip/pip.conf": "[global]\nindex-url = https://old.example\n",
        "home/.config/pip/pip.conf": "[global]\nindex-url = https://user.example\n",
      },
      {},
      ["user.example:443", "extra.example:443"],
    ],
    [
      "the environment's file",
      { "venv/pip.conf": "[global]\nindex-url = https://venv.example\n" },
      { VIRTUAL_ENV: "HERE/venv" },
      ["venv.example:443"],
    ],
    [
      "folders of the variables",
      { "x/pip/pip.conf": "[global]\nindex-url = https://x.example\n" },
      { XDG_CONFIG_DIRS: "HERE/y:HERE/x" },
      ["x.example:443"],
    ],
    [
      "a named file in the user's place",
      {
        "home/.config/pip/pip.conf": "[global]\nextra-index-url = https://user.example\n",
        named: "[global]\nindex-url = https://named.example\n",
      },
      { PIP_CONFIG_FILE: "HERE/named" },
      ["named.example:443"],
    ],
    ["the null device instead of all files", system("[global]\nindex-url = https://x.example\n"), { PIP_CONFIG_FILE: "/dev/null" }, pypi],
    [
      "variables over all files",
      system("[install]\nindex-url = https://x.example\n"),
      { PIP_INDEX_URL: "https://one.example", PIP_EXTRA_INDEX_URL: "https://two.example http://three.example" },
      ["one.example:443", "two.example:443", "three.example:80"],
    ],
    ["a password in a URL", system("[global]\nindex-url = https://me:hunter2@pip.corp.example/simple\n"), {}, ["pip.corp.example:443"]],
  ])("%s", (_, files, variables, expected) => {
    expect(read("pip", files, variables)).toEqual(expected);
  });
});

describe("apt", () => {
  test.each<[string, Files, string[]]>([
    [
      "lines",
      {
        "etc/apt/sources.list":
          '# deb http://off.example/debian x main\ndeb http://deb.example/debian bookworm main # comment\ndeb-src [arch=amd64 signed-by=/k.gpg] https://src.example:8443/debian bookworm main\ndeb "http://quoted.example/debian" x main\ndeb cdrom:[Debian 12]/ bookworm main\ndeb file:/srv/debs ./\n',
        "etc/apt/sources.list.d/b.list": "deb http://deb.example/security bookworm main\ndeb https://me:hunter2@private.example/ ./\n",
        "etc/apt/sources.list.d/c.list.disabled": "deb http://disabled.example/debian x main\n",
      },
      ["deb.example:80", "src.example:8443", "quoted.example:80", "private.example:443"],
    ],
    [
      "stanzas",
      {
        "etc/apt/sources.list.d/a.sources":
          "# ours\nTypes: deb\nURIs: http://one.example/debian\n https://two.example/debian\nSuites: x\n\nEnabled: no\nTypes: deb\nURIs: http://off.example\n\ntypes: deb deb-src\nuris: http://three.example https://four.example\nSigned-By:\n -----BEGIN\n .\n xyz\n",
      },
      ["one.example:80", "two.example:443", "three.example:80", "four.example:443"],
    ],
    [
      "mirrors",
      {
        "etc/apt/sources.list":
          "deb mirror+file:/etc/apt/mirrors.txt x main\ndeb mirror://list.example/mirrors x main\ndeb mirror+https://tls.example/mirrors x main\n",
        "etc/apt/mirrors.txt": "# by distance\nhttp://near.example/debian\tpriority:1\nhttps://far.example/debian\n",
      },
      ["near.example:80", "far.example:443", "list.example:80", "tls.example:443"],
    ],
    [
      "a list of mirrors by the URL of its file, with blanks before its lines",
      {
        "etc/apt/sources.list": "deb mirror+file:///etc/apt//mirrors.txt x main\n",
        "etc/apt/mirrors.txt": "  # http://off.example/#\n  http://near.example/debian#\n",
      },
      ["near.example:80"],
    ],
    [
      "a list of mirrors that is not there",
      { "etc/apt/sources.list": "deb mirror+file:/etc/apt/mirrors.txt x main\ndeb http://one.example x main\n" },
      ["one.example:80"],
    ],
  ])("%s", (_, files, expected) => {
    expect(read("apt", files)).toEqual(expected);
  });
});

describe("cargo", () => {
  const crates = ["index.crates.io:443", "static.crates.io:443"];
  const user = (text: string) => ({ "home/.cargo/config.toml": text });
  const mirror = '[source.crates-io]\nreplace-with = "corp"\n[source.corp]\nregistry = "sparse+https://crates.corp.example:8443/index/"\n';

  test.each<[string, Files, Record<string, string>, string[]]>([
    ["nothing is its default, whose files lie elsewhere", user("[build]\njobs = 2\n"), {}, crates],
    ["a mirror", user(mirror), {}, ["crates.corp.example:8443"]],
    [
      "a mirror of a mirror",
      user(`${mirror}replace-with = "far"\n[source.far]\nregistry = "https://far.example/git/index"\n`),
      {},
      ["far.example:443"],
    ],
    [
      "a registry as the mirror",
      user('source.crates-io.replace-with = "corp"\n[registries]\ncorp = { index = "sparse+http://crates.corp.example/" }\n'),
      {},
      ["crates.corp.example:80"],
    ],
    [
      "further registries, of a file and of variables",
      user('[registries.corp]\nindex = "https://me:hunter2@git.corp.example/index.git"\n'),
      { CARGO_REGISTRIES_OTHER_ONE_INDEX: "sparse+https://other.example/" },
      [...crates, "git.corp.example:443", "other.example:443"],
    ],
    [
      "variables in whatever order",
      {},
      { CARGO_REGISTRIES_TWO_INDEX: "https://two.example", CARGO_REGISTRIES_ONE_INDEX: "https://one.example" },
      [...crates, "one.example:443", "two.example:443"],
    ],
    [
      "a variable over the file",
      user('[registries.corp]\nindex = "https://file.example"\n'),
      { CARGO_REGISTRIES_CORP_INDEX: "https://variable.example" },
      [...crates, "variable.example:443"],
    ],
    ["the index in git", user('[registries.crates-io]\nprotocol = "git"\n'), {}, ["github.com:443", "static.crates.io:443"]],
    ["the index in git, by a variable", {}, { CARGO_REGISTRIES_CRATES_IO_PROTOCOL: "git" }, ["github.com:443", "static.crates.io:443"]],
    [
      "another folder, and the older file in it before the newer",
      { "c/config": mirror, "c/config.toml": "", ...user("x = [") },
      { CARGO_HOME: "HERE/c" },
      ["crates.corp.example:8443"],
    ],
  ])("%s", (_, files, variables, expected) => {
    expect(read("cargo", files, variables)).toEqual(expected);
  });
});

describe("go", () => {
  // What Go takes where nothing is configured.
  const golang = ["proxy.golang.org:443", "sum.golang.org:443"];

  test.each<[string, Files, Record<string, string>, string[]]>([
    ["nothing is its default", {}, {}, golang],
    [
      "a list of both separators, up to direct",
      {},
      { GOPROXY: "https://one.example|http://two.example,direct,https://three.example" },
      ["one.example:443", "two.example:80", "sum.golang.org:443"],
    ],
    ["a name alone", {}, { GOPROXY: "go.corp.example/x" }, ["go.corp.example:443", "sum.golang.org:443"]],
    [
      "the user's file over the installation's",
      { "home/.config/go/env": "GOPROXY=https://user.example\n", "go/go.env": "# x\nGOPROXY=https://go.example\nGOSUMDB=off\n" },
      { GOROOT: "HERE/go" },
      ["user.example:443"],
    ],
    [
      "the installation of the program",
      { "go/bin/go": "", "go/go.env": "GOPROXY=https://go.example\n" },
      { PATH: "HERE/go/bin" },
      ["go.example:443", "sum.golang.org:443"],
    ],
    ["a file elsewhere", { x: "GOPROXY=https://x.example\n" }, { GOENV: "HERE/x" }, ["x.example:443", "sum.golang.org:443"]],
    ["no file", { "home/.config/go/env": "GOPROXY=https://user.example\n" }, { GOENV: "off" }, golang],
    [
      "a database with a URL of its own",
      {},
      { GOSUMDB: "sum.golang.org+033de0ae+Ac4zctda0e5 https://sum.corp.example" },
      ["proxy.golang.org:443", "sum.corp.example:443"],
    ],
    ["a database with a key", {}, { GOSUMDB: "sum.corp.example+033de0ae+Ac4zctda0e5" }, ["proxy.golang.org:443", "sum.corp.example:443"]],
    ["a password in a URL", {}, { GOPROXY: "https://me:hunter2@go.corp.example", GOSUMDB: "off" }, ["go.corp.example:443"]],
  ])("%s", (_, files, variables, expected) => {
    expect(read("go", files, variables)).toEqual(expected);
  });
});

describe("maven", () => {
  const settings = (inner: string) => `<?xml version="1.0"?>\n<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">${inner}</settings>`;
  const mirror = (id: string, of: string, more = "") =>
    `<mirror><id>${id}</id><mirrorOf>${of}</mirrorOf><url>https://${id}.example/maven</url>${more}</mirror>`;
  const repository = (id: string, url = `https://${id}.example/`) => `<repository><id>${id}</id><url>${url}</url></repository>`;
  const profile = (id: string, inner: string) => `<profile><id>${id}</id>${inner}</profile>`;
  const user = (inner: string) => ({ "home/.m2/settings.xml": settings(inner) });
  const active = (...repositories: string[]) =>
    `<profiles>${profile("on", `<repositories>${repositories.join("")}</repositories>`)}</profiles><activeProfiles><activeProfile>on</activeProfile></activeProfiles>`;
  const central = "repo.maven.apache.org:443";

  test.each<[string, Files, Record<string, string>, string[]]>([
    ["nothing is its default", user("<!-- <mirrors/> --><offline/>"), {}, [central]],
    ["a mirror of all", user(`<mirrors>${mirror("all", "*")}</mirrors>${active(repository("corp"))}`), {}, ["all.example:443"]],
    [
      "a mirror of just that repository before one of all",
      user(`<mirrors>${mirror("all", "*")}${mirror("one", "central")}</mirrors>`),
      {},
      ["one.example:443"],
    ],
    [
      "a mirror of all but one",
      user(`<mirrors>${mirror("all", "*, !corp")}</mirrors>${active(repository("corp"))}`),
      {},
      ["corp.example:443", "all.example:443"],
    ],
    [
      "a mirror of what is elsewhere, by its scheme",
      user(`<mirrors>${mirror("plain", "external:http:*")}</mirrors>${active(repository("a", "http://a.example:8081/x"))}`),
      {},
      ["plain.example:443", central],
    ],
    ...[
      ["external:*", "https://a.example", ["m.example:443"]],
      ["external:*", "http://127.0.0.2", ["m.example:443"]],
      ["external:*", "http://localhost:8081", [expect.stringContaining("leads to localhost")]],
      ["external:*", "http://127.0.0.1:8081", [expect.stringContaining("leads to 127.0.0.1")]],
      ["external:*", "file:///srv/maven", ["m.example:443"]],
      ["external:http:*", "http://localhost:8081", [expect.stringContaining("leads to localhost")]],
      ["external:http:*", "http://a.example", ["m.example:443", central]],
      ["external:http:*", "https://a.example", ["a.example:443", central]],
      ["a", "https://a.example", ["m.example:443", central]],
      ["b", "https://a.example", ["a.example:443", central]],
      ["a,b", "https://a.example", ["m.example:443", central]],
    ].map(([of, url, hosts]): [string, Files, Record<string, string>, string[]] => [
      `a mirror of ${of} for ${url}`,
      user(`<mirrors>${mirror("m", of as string)}</mirrors>${active(repository("a", url as string))}`),
      {},
      hosts as string[],
    ]),
    [
      "a mirror that blocks",
      user(
        `<mirrors>${mirror("no", "external:http:*", "<blocked>true</blocked>")}</mirrors>${active(repository("a", "http://a.example"))}`,
      ),
      {},
      [central],
    ],
    [
      "repositories of profiles that are on",
      user(`${active(repository("corp"), repository("central", "https://own.example"))}`),
      {},
      ["corp.example:443", "own.example:443", central],
    ],
    [
      "a profile that is on unless told otherwise, and plug-ins",
      user(
        `<profiles>${profile("d", `<activation><activeByDefault>true</activeByDefault></activation><pluginRepositories>${repository("p").replaceAll("repository", "pluginRepository")}</pluginRepositories>`)}${profile("off", `<repositories>${repository("off")}</repositories>`)}</profiles>`,
      ),
      {},
      [central, "p.example:443"],
    ],
    [
      "the user's mirror before the installation's of that name",
      {
        ...user(`<mirrors>${mirror("all", "*")}</mirrors>`),
        "maven/conf/settings.xml": settings(`<mirrors>${mirror("all", "none")}${mirror("other", "central")}</mirrors>`),
      },
      { MAVEN_HOME: "HERE/maven" },
      ["other.example:443"],
    ],
    [
      "the installation of the program",
      { "maven/bin/mvn": "", "maven/conf/settings.xml": settings(`<mirrors>${mirror("all", "*")}</mirrors>`) },
      { PATH: "HERE/maven/bin" },
      ["all.example:443"],
    ],
    [
      "a variable and a password in a URL",
      user(active(repository("central", "https://me:hunter2@${env.HOST}/x"))),
      { HOST: "env.example" },
      ["env.example:443", central],
    ],
  ])("%s", (_, files, variables, expected) => {
    expect(read("maven", files, variables)).toEqual(expected);
  });
});

describe("a configuration that no session could use is refused, with where it stands and the way out", () => {
  const key = "sessions[0].network.egress.allow[0].set";
  const end = "mend that, or list hosts instead of the set.";
  const registry = (url: string) => ({ "home/.npmrc": `registry=${url}` });

  test.each<[string, string, Files, Record<string, string>, string]>([
    [
      "an address",
      "npm",
      registry("https://10.0.0.5:4873/"),
      {},
      `"npm" leads to 10.0.0.5 (registry in HERE/home/.npmrc), which is an address, and hosts are allowed by name`,
    ],
    [
      "an address of six",
      "npm",
      registry("http://[fd12::1]/"),
      {},
      `"npm" leads to [fd12::1] (registry in HERE/home/.npmrc), which is an address, and hosts are allowed by name`,
    ],
    [
      "this machine",
      "npm",
      registry("http://localhost:4873/"),
      {},
      `"npm" leads to localhost (registry in HERE/home/.npmrc), which is this machine, and no session reaches that`,
    ],
    [
      "a public suffix",
      "npm",
      registry("https://co.uk"),
      {},
      `"npm" leads to co.uk (registry in HERE/home/.npmrc), which is a public suffix, below which anybody can have a name`,
    ],
    ["everything", "npm", registry("https://*"), {}, `"npm" leads to * (registry in HERE/home/.npmrc), which would allow everything`],
    ["no URL", "npm", registry("npm.corp.example"), {}, `"npm" is read from registry in HERE/home/.npmrc, which is no URL`],
    [
      "a suffix",
      "npm",
      registry("https://*.corp.example/"),
      {},
      `"npm" leads to *.corp.example (registry in HERE/home/.npmrc), which is every host below a name, and a mirror is one`,
    ],
    [
      "a variable that is not set",
      "npm",
      registry("https://${HOST}/"),
      {},
      `"npm" is read from registry in HERE/home/.npmrc, which names a variable that has no value here`,
    ],
    ["a folder", "npm", {}, { npm_config_registry: "file:///srv/npm" }, `"npm" leads to no web server (the variable npm_config_registry)`],
    [
      "a file that cannot be read",
      "npm",
      { "home/.npmrc/x": "" },
      {},
      `"npm" is read from HERE/home/.npmrc, which cannot be read (EISDIR)`,
    ],
    ["no index", "pip", {}, { PIP_NO_INDEX: "1" }, `"pip" leads to no web server`],
    [
      "a faulty pip.conf",
      "pip",
      { "etc/pip.conf": "[global]\nhunter2\n" },
      {},
      `"pip" is read from HERE/etc/pip.conf, which is no configuration of pip's (line 2)`,
    ],
    ["no sources", "apt", {}, {}, `"apt" finds no source in HERE/etc/apt/sources.list and HERE/etc/apt/sources.list.d`],
    [
      "vendored crates",
      "cargo",
      { "home/.cargo/config.toml": '[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "vendor"\n' },
      {},
      `"cargo" leads to no web server`,
    ],
    [
      "sources in a circle",
      "cargo",
      { "home/.cargo/config.toml": '[source.crates-io]\nreplace-with = "v"\n[source.v]\nreplace-with = "crates-io"\n' },
      {},
      `"cargo" leads to no web server`,
    ],
    [
      "faulty TOML",
      "cargo",
      { "home/.cargo/config.toml": "a = 1\n[registries.x]\ntoken = hunter2\n" },
      {},
      `"cargo" is read from HERE/home/.cargo/config.toml, which is no TOML (line 3)`,
    ],
    [
      "no proxy",
      "go",
      {},
      { GOPROXY: "direct" },
      `"go" is read from the variable GOPROXY, which names no proxy, so that each module comes from a host of its own`,
    ],
    ["no proxy, and nothing else", "go", {}, { GOPROXY: "off" }, `"go" is read from the variable GOPROXY, which lets Go download nothing`],
    [
      "faulty XML",
      "maven",
      { "home/.m2/settings.xml": "<settings>\n<password>hunter2</settings>" },
      {},
      `"maven" is read from HERE/home/.m2/settings.xml, which is no XML (line 2)`,
    ],
    [
      "a password in what is no URL",
      "pip",
      {},
      { PIP_INDEX_URL: "https//me:hunter2@x.example" },
      `"pip" is read from the variable PIP_INDEX_URL, which is no URL`,
    ],
    [
      "a password before an address",
      "pip",
      {},
      { PIP_INDEX_URL: "https://me:hunter2@10.0.0.5/" },
      `"pip" leads to 10.0.0.5 (the variable PIP_INDEX_URL), which is an address, and hosts are allowed by name`,
    ],
  ])("%s", (_, set, files, variables, expected) => {
    expect(read(set, files, variables)).toEqual([`${key}: ${expected}; ${end}`]);
  });

  describe("no variable's value is shown, and none that may be secret becomes a host", () => {
    const secret = (name: string) => `whose host the variable ${name} decides, and that is a secret by its name or form`;
    const part = (name: string) => `whose host the variable ${name} decides without being the full name of one`;
    const token = `ghp_${"x".repeat(30)}`;
    test.each<[string, string, Record<string, string>, string]>([
      ["a secret as a name's part", "https://${NPM_TOKEN}.evil.example/", { NPM_TOKEN: "hunter2" }, secret("NPM_TOKEN")],
      ["a secret as a whole name", "https://${NPM_TOKEN}/", { NPM_TOKEN: "hunter2.example" }, secret("NPM_TOKEN")],
      ["a secret as a port", "https://a.example:${DB_PASSWORD}/", { DB_PASSWORD: "4711" }, secret("DB_PASSWORD")],
      ["a secret that is a URL", "${API_KEY}", { API_KEY: "https://hunter2.example/" }, secret("API_KEY")],
      ["a token by another name", "https://x-${INNOCENT}.example/", { INNOCENT: token }, secret("INNOCENT")],
      [
        "a secret of which the first part becomes the host",
        "https://${NPM_TOKEN}@a.example/",
        { NPM_TOKEN: "hunter2/x" },
        secret("NPM_TOKEN"),
      ],
      ["one of another name of which the first part does", "https://me:${X}@a.example/", { X: "1/hunter2" }, part("X")],
      ["a part of a name", "https://${PLACE}.npm.corp.example/", { PLACE: "hunter2" }, part("PLACE")],
      ["two parts", "https://${A}${B}/", { A: "hunter2", B: ".example" }, part("A")],
      ["a word that is no full name", "https://${HOST}/", { HOST: "hunter2" }, part("HOST")],
    ])("%s", (_, url, variables, expected) => {
      const sentences = read("npm", registry(url), variables);
      expect(sentences).toEqual([`${key}: "npm" is read from registry in HERE/home/.npmrc, ${expected}; ${end}`]);
      expect(sentences.join()).not.toMatch(/hunter2|4711|ghp_/);
    });

    test.each<[string, string, Record<string, string>, string]>([
      ["a whole name", "https://${HOST}/", { HOST: "npm.corp.example" }, "npm.corp.example:443"],
      ["a name and a port", "https://${HOST}:${PORT}/", { HOST: "npm.corp.example", PORT: "8443" }, "npm.corp.example:8443"],
      ["a name with its port and a path", "http://${HOST}", { HOST: "npm.corp.example:8081/npm" }, "npm.corp.example:8081"],
      ["a whole URL", "${MIRROR}", { MIRROR: "https://me:hunter2@npm.corp.example/" }, "npm.corp.example:443"],
      ["a secret as a password", "https://me:${NPM_TOKEN}@npm.corp.example/", { NPM_TOKEN: "hunter2" }, "npm.corp.example:443"],
      ["a secret in a path", "https://npm.corp.example/${NPM_TOKEN}/", { NPM_TOKEN: "hunter2" }, "npm.corp.example:443"],
    ])("%s is taken", (_, url, variables, expected) => {
      expect(read("npm", registry(url), variables)).toEqual([expected]);
    });

    test("a host that cannot be reached is named by its variable", () => {
      expect(read("npm", registry("https://${HOST}/"), { HOST: "10.0.0.5" })).toEqual([
        `${key}: "npm" leads to the host that the variable HOST names (registry in HERE/home/.npmrc), which is an address, and hosts are allowed by name; ${end}`,
      ]);
    });

    test("a file below a folder that a variable names is named by the variable", () => {
      const files = { "home/.npmrc": "prefix=HERE/${WORD}", "hunter2/etc/npmrc/x": "" };
      expect(read("npm", files, { WORD: "hunter2" })).toEqual([
        `${key}: "npm" is read from HERE/\${WORD}/etc/npmrc, which cannot be read (EISDIR); ${end}`,
      ]);
      const local = { "home/.npmrc": "prefix=HERE/${WORD}", "hunter2/etc/npmrc": "registry=http://localhost" };
      expect(read("npm", local, { WORD: "hunter2" })).toEqual([
        `${key}: "npm" leads to localhost (registry in HERE/\${WORD}/etc/npmrc), which is this machine, and no session reaches that; ${end}`,
      ]);
    });

    test("in Maven's settings", () => {
      const mirror = (url: string) => ({
        "home/.m2/settings.xml": `<settings><mirrors><mirror><id>m</id><mirrorOf>*</mirrorOf><url>${url}</url></mirror></mirrors></settings>`,
      });
      expect(read("maven", mirror("https://${env.REPO_PASSWORD}.example/"), { REPO_PASSWORD: "hunter2" })).toEqual([
        `${key}: "maven" is read from mirror "m" in HERE/home/.m2/settings.xml, ${secret("REPO_PASSWORD")}; ${end}`,
      ]);
      expect(read("maven", mirror("https://me:${env.REPO_PASSWORD}@m.example/"), { REPO_PASSWORD: "hunter2" })).toEqual(["m.example:443"]);
    });
  });

  test("all that is wrong with one at once", () => {
    expect(read("npm", { "home/.npmrc": "registry=http://localhost\n@corp:registry=http://127.0.0.1" })).toEqual([
      `${key}: "npm" leads to localhost (registry in HERE/home/.npmrc), which is this machine, and no session reaches that; ${end}`,
      `${key}: "npm" leads to 127.0.0.1 (@corp:registry in HERE/home/.npmrc), which is an address, and hosts are allowed by name; ${end}`,
    ]);
  });
});
