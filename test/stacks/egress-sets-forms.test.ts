import { describe, expect, test } from "vitest";
import { type Files, read } from "./read-set.ts";

/** Each form in which a package manager's configuration may be written, with its nearest neighbour that means something else. */

const host = "h.example:443";

describe("npm", () => {
  const npmjs = "registry.npmjs.org:443";
  const user = (text: string) => ({ "home/.npmrc": text });
  const url = "https://h.example";

  test.each([
    `registry=${url}`,
    `  registry  =  ${url}  `,
    `registry='${url}'`,
    `"registry"="${url}"`,
    `registry=${url} # ours`,
    `registry=${url};ours`,
    `a=b\r\nregistry=${url}\r\n[x]\r\nregistry=https://other.example`,
    `registry=https://other.example\nregistry=${url}`,
  ])("%j names a registry", (text) => {
    expect(read("npm", user(text))).toEqual([host]);
  });

  test.each([
    `#registry=${url}`,
    `  ;registry=${url}`,
    `registry ${url}`,
    `xregistry=${url}`,
    `registryx=${url}`,
    `corp:registry=${url}`,
    `@:registry=${url}`,
    `x@corp:registry=${url}`,
    `@corp:x:registry=${url}`,
    `@corp:registry:x=${url}`,
    `[x]\nregistry=${url}`,
    `  [x]\n registry=${url}`,
    `=${url}`,
  ])("%j names none", (text) => {
    expect(read("npm", user(text))).toEqual([npmjs]);
  });

  test("a quote on one side alone is part of a value, as are two that differ", () => {
    for (const value of [`"${url}/"x`, `"${url}`, `"${url}'`, `x'${url}'`]) {
      expect(read("npm", user(`registry=${value}`))).toEqual([expect.stringContaining("registry in HERE/home/.npmrc, which is no URL")]);
    }
    expect(read("npm", user(`registry=${url}/"x"`))).toEqual([host]);
  });

  test("what stands behind an escaped mark belongs to the value", () => {
    expect(read("npm", user("registry=https\\;//x"))).toEqual([expect.stringContaining("which is no URL")]);
    expect(read("npm", user(`registry=${url}/a\\;b`))).toEqual([host]);
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["https://h.example/${A}${B}", { A: "x", B: "/y" }, host],
    ["${A}/x/${B}/y", { A: url, B: "z" }, host],
    ["https://h.example${GONE?}", {}, host],
    ["https://h.example/$GONE/{GONE}", {}, host],
  ])("variables in %s are put in their places", (text, variables, expected) => {
    expect(read("npm", user(`registry=${text}`), variables)).toEqual([expected]);
  });

  test("each place is read, the later over the earlier", () => {
    const name = (word: string) => `registry=https://${word}.example`;
    const files: [string, string][] = [
      ["usr/lib/node_modules/npm/npmrc", name("builtin")],
      ["usr/etc/npmrc", name("global")],
      ["home/.npmrc", name("user")],
      ["root/.npmrc", name("project")],
    ];
    const variables = { PATH: "HERE/usr/bin" };
    const found = files.map((_, at) => read("npm", { "usr/bin/node": "", ...Object.fromEntries(files.slice(0, at + 1)) }, variables));
    expect(found.flat()).toEqual(["builtin.example:443", "global.example:443", "user.example:443", "project.example:443"]);
  });

  test("a global file that is named takes the place of that below the prefix, and of that alone", () => {
    const files = {
      "usr/bin/node": "",
      "usr/etc/npmrc": "@a:registry=https://a.example",
      "usr/lib/node_modules/npm/npmrc": "@b:registry=https://b.example",
      named: "@c:registry=https://c.example",
    };
    const variables = { PATH: "HERE/usr/bin", NPM_CONFIG_GLOBALCONFIG: "HERE/named" };
    expect(read("npm", files, variables)).toEqual([npmjs, "b.example:443", "c.example:443"]);
  });

  test.each<[Files, Readonly<Record<string, string>>, string]>([
    [{}, {}, "own"],
    [{ "home/.npmrc": "prefix=HERE/user" }, {}, "user"],
    [{ "home/.npmrc": "prefix=HERE/user", "root/.npmrc": "prefix=HERE/project" }, {}, "project"],
    [{ "home/.npmrc": "prefix=HERE/user", "root/.npmrc": "prefix=HERE/project" }, { npm_config_prefix: "HERE/variable" }, "variable"],
  ])("the prefix of %j and %j is %s", (files, variables, expected) => {
    const globals = ["own", "user", "project", "variable"].map((word) => [`${word}/etc/npmrc`, `registry=https://${word}.example`]);
    const all = { "own/bin/node": "", ...Object.fromEntries(globals), ...files };
    expect(read("npm", all, { PATH: "HERE/own/bin", ...variables })).toEqual([`${expected}.example:443`]);
  });

  test("a variable that only looks like one of npm's is none", () => {
    const variables = { xnpm_config_registry: url, npm_configregistry: url, npm_config_: url, npm_config_registryx: url };
    expect(read("npm", {}, variables)).toEqual([npmjs]);
  });

  test.each<[string, string]>([
    ["HERE/a/bin:HERE/b/bin", "a"],
    ["HERE/b/bin:HERE/a/bin", "b"],
    ["::HERE/gone::HERE/b/bin", "b"],
  ])("of PATH %s the first node counts", (path, expected) => {
    const files = {
      "a/bin/node": "",
      "b/bin/node": "",
      "a/etc/npmrc": "registry=https://a.example",
      "b/etc/npmrc": "registry=https://b.example",
    };
    expect(read("npm", files, { PATH: path })).toEqual([`${expected}.example:443`]);
  });

  test("a file behind a file is not there", () => {
    expect(read("npm", { x: "" }, { npm_config_userconfig: "HERE/x/npmrc" })).toEqual([npmjs]);
  });
});

describe("pip", () => {
  const pypi = ["pypi.org:443", "files.pythonhosted.org:443"];
  const system = (text: string) => ({ "etc/pip.conf": text });

  test.each(["1", "y", "yes", "t", "true", "on", "ON", "True"])("no-index = %s leaves the links alone", (word) => {
    const links = "find-links = https://h.example/x\n";
    expect(read("pip", system(`[global]\nno-index = ${word}\n${links}`))).toEqual([host]);
    expect(read("pip", system(`[global]\n${links}`), { PIP_NO_INDEX: word })).toEqual([host]);
  });

  test.each(["0", "n", "no", "f", "false", "off", "11", "yess", "xon", "truex"])("no-index = %s does not", (word) => {
    expect(read("pip", system(`[global]\nno-index = ${word}\n`))).toEqual(pypi);
  });

  test.each([
    "[global]\nindex-url = https://h.example\n",
    "[global]\nindex-url: https://h.example\n",
    "[global]\nindex-url=https://h.example",
    "[global]\r\nindex-url = https://h.example\r\n",
    "; a\n  # b\n\n \n[global] ours\n  index-url   =   https://h.example   \n",
    "[global]\nINDEX_URL = https://h.example\n",
    "[global]\ntimeout = 5\n  still\nindex-url = https://h.example\n",
    // As far in as its key, a line is another key.
    "[global]\n  timeout = 5\n  index-url = https://h.example\n",
    // Below a header nothing goes on.
    "[global]\ntimeout = 5\n[install]\n  index-url = https://h.example\n",
    "[install]\nindex-url = https://h.example\n[global]\nindex-url = https://other.example\n",
    "[global]\nindex-url = https://other.example\nindex-url = https://h.example\n",
    "[global]\nindex-url =\n  https://h.example\n",
    // A value that has a separator is cut at the first of them.
    "[global]\nindex-url = https://h.example/?a=b:c\n",
  ])("%j names an index", (text) => {
    expect(read("pip", system(text))).toEqual([host]);
  });

  test.each([
    "[other]\nindex-url = https://h.example\n",
    "[global]\n# index-url = https://h.example\n",
    "[global]\n;index-url = https://h.example\n",
    "[global]\nxindex-url = https://h.example\n",
    "[global]\nindex-urlx = https://h.example\n",
    "[global]\nx--index-url = https://h.example\n",
    "[global]\nindex---url = https://h.example\n",
    "[globalx]\nindex-url = https://h.example\n",
    "[global]\ntimeout = 5\n  index-url = https://h.example\n",
  ])("%j names none", (text) => {
    expect(read("pip", system(text))).toEqual(pypi);
  });

  test.each<[string, number]>([
    ["index-url = https://h.example\n", 1],
    ["\n[]\n", 2],
    ["[global]\n\nno separator\n", 3],
    ["[global]\ntimeout = 5\n[install]\n  still\n", 4],
  ])("%j is faulty in line %s", (text, line) => {
    expect(read("pip", system(text))).toEqual([
      `sessions[0].network.egress.allow[0].set: "pip" is read from HERE/etc/pip.conf, which is no configuration of pip's (line ${line}); mend that, or list hosts instead of the set.`,
    ]);
  });

  test("each place is read, the later over the earlier", () => {
    const text = (word: string) => `[global]\nindex-url = https://${word}.example\n`;
    const places: [string, string][] = [
      ["Library/Application Support/pip/pip.conf", "a"],
      ["etc/xdg/pip/pip.conf", "b"],
      ["etc/pip.conf", "c"],
      ["home/.pip/pip.conf", "d"],
      ["home/.config/pip/pip.conf", "e"],
      ["home/Library/Application Support/pip/pip.conf", "f"],
    ];
    const upTo = (at: number) => Object.fromEntries(places.slice(0, at + 1).map(([path, word]) => [path, text(word)]));
    expect(places.flatMap((_, at) => read("pip", upTo(at)))).toEqual(["a", "b", "c", "d", "e", "f"].map((word) => `${word}.example:443`));

    const all = { ...upTo(5), "venv/pip.conf": text("venv"), named: text("named") };
    expect(read("pip", all, { VIRTUAL_ENV: "HERE/venv" })).toEqual(["venv.example:443"]);
    expect(read("pip", all, { VIRTUAL_ENV: "HERE/venv", PIP_CONFIG_FILE: "HERE/named" })).toEqual(["named.example:443"]);
    // A file that is named and not there takes nobody's place.
    expect(read("pip", all, { PIP_CONFIG_FILE: "HERE/gone" })).toEqual(["f.example:443"]);
    expect(read("pip", all, { PIP_CONFIG_FILE: "/dev/null", PIP_INDEX_URL: "https://v.example" })).toEqual(["v.example:443"]);
  });

  test("the variables' folders take the places of the usual ones", () => {
    const text = (word: string) => `[global]\nindex-url = https://${word}.example\n`;
    const files = {
      "etc/xdg/pip/pip.conf": text("usual"),
      "one/pip/pip.conf": text("one"),
      "two/pip/pip.conf": text("two"),
      "home/.config/pip/pip.conf": text("config"),
      "mine/pip/pip.conf": text("mine"),
    };
    const config = { XDG_CONFIG_HOME: "HERE/mine" };
    expect(read("pip", files, config)).toEqual(["mine.example:443"]);
    expect(read("pip", files, { XDG_CONFIG_HOME: "HERE/gone", XDG_CONFIG_DIRS: ":HERE/one::HERE/two:" })).toEqual(["two.example:443"]);
    expect(read("pip", files, { XDG_CONFIG_HOME: "HERE/gone", XDG_CONFIG_DIRS: "HERE/two:HERE/one" })).toEqual(["one.example:443"]);
    expect(read("pip", files, { XDG_CONFIG_HOME: "HERE/gone", XDG_CONFIG_DIRS: "" })).toEqual(pypi);
  });

  test("what is written for install goes before all other sections, and a variable before both", () => {
    const text = "[global]\nextra-index-url = https://g.example\n[install]\nextra-index-url = https://i.example\n";
    expect(read("pip", system(text))).toEqual([...pypi, "i.example:443"]);
    expect(read("pip", system(text), { PIP_EXTRA_INDEX_URL: "https://v.example" })).toEqual([...pypi, "v.example:443"]);
    expect(read("pip", system(text), { PIP_EXTRA_INDEX_URL: "" })).toEqual([...pypi, "i.example:443"]);
  });

  test("where a value stands is said", () => {
    const noUrl = (place: string) =>
      `sessions[0].network.egress.allow[0].set: "pip" is read from ${place}, which is no URL; mend that, or list hosts instead of the set.`;
    expect(read("pip", system("[global]\n--Index_URL = x\n"))).toEqual([noUrl("index-url in HERE/etc/pip.conf")]);
    expect(read("pip", {}, { PIP_EXTRA_INDEX_URL: "x" })).toEqual([noUrl("the variable PIP_EXTRA_INDEX_URL")]);
  });

  test("links are of hosts, or folders", () => {
    const text = "[global]\nfind-links = https://l.example/a ./wheels /srv/wheels http://m.example:81\n";
    expect(read("pip", system(text))).toEqual([...pypi, "l.example:443", "m.example:81"]);
    expect(read("pip", system("[global]\nfind-links = https://pypi.org/x\nno-index = 1\n"))).toEqual(pypi);
  });
});

describe("apt", () => {
  const list = (text: string) => ({ "etc/apt/sources.list": text });
  const sources = (text: string) => ({ "etc/apt/sources.list.d/a.sources": text });
  const none =
    'sessions[0].network.egress.allow[0].set: "apt" finds no source in HERE/etc/apt/sources.list and HERE/etc/apt/sources.list.d; mend that, or list hosts instead of the set.';

  test.each([
    "deb https://h.example x main",
    " \tdeb\thttps://h.example x",
    "deb-src https://h.example x",
    "x\ndeb https://h.example x\ny",
    "deb [a=b] https://h.example x",
    "deb  [a=b c=d]\thttps://h.example x",
    "deb [] https://h.example x",
    "deb [a=b] \t https://h.example x",
    'deb "https://h.example" x',
    "deb https://h.example#x",
  ])("%j is a source", (text) => {
    expect(read("apt", list(text))).toEqual([host]);
    expect(read("apt", { "etc/apt/sources.list.d/a.list": text })).toEqual([host]);
  });

  test.each([
    "#deb https://h.example x",
    "xdeb https://h.example x",
    "debx https://h.example x",
    "deb-srcx https://h.example x",
    "deb-sr https://h.example x",
    "debhttps://h.example x",
    "deb [a=b]https://h.example x",
    "deb #https://h.example x",
    "deb",
    "",
  ])("%j is none", (text) => {
    // What stands in brackets, or in nothing, is no URL of a host.
    const found = read("apt", list(text));
    expect(found).not.toContain(host);
    expect(found).toHaveLength(1);
  });

  test.each(["a.list", "a.b.list", "Z.list"])("%s is read", (name) => {
    expect(read("apt", { [`etc/apt/sources.list.d/${name}`]: "deb https://h.example x" })).toEqual([host]);
  });

  test.each(["a.list.save", "a.listx", "alist", "a.sources", "a", "README"])("%s is not, as lines", (name) => {
    expect(read("apt", { [`etc/apt/sources.list.d/${name}`]: "deb https://h.example x" })).toEqual([none]);
  });

  test.each(["a.sources.save", "a.sourcesx", "asources", "a.list"])("%s is not, as stanzas", (name) => {
    expect(read("apt", { [`etc/apt/sources.list.d/${name}`]: "URIs: https://h.example\n" })).toEqual([none]);
    expect(read("apt", { "etc/apt/sources.list": "URIs: https://h.example\n" })).toEqual([none]);
  });

  test("files come by their names, behind the list", () => {
    const files = {
      ...list("deb https://m.example x"),
      "etc/apt/sources.list.d/c.list": "deb https://c.example x",
      "etc/apt/sources.list.d/a.list": "deb https://a.example x",
      "etc/apt/sources.list.d/e.list": "deb https://e.example x",
      "etc/apt/sources.list.d/b.sources": "URIs: https://b.example",
      "etc/apt/sources.list.d/d.list": "deb https://d.example x",
    };
    expect(read("apt", files)).toEqual(["m", "a", "b", "c", "d", "e"].map((name) => `${name}.example:443`));
  });

  test("a folder that is a file holds none", () => {
    expect(read("apt", { ...list("deb https://h.example x"), "etc/apt/sources.list.d": "" })).toEqual([host]);
  });

  test.each([
    "URIs: https://h.example",
    "uris:https://h.example\n",
    "Types: deb\nURIs:   https://h.example  \nSuites: x\n",
    "URIs:\n https://h.example\n",
    "URIs:\n\thttps://h.example\n",
    "URIs: https://h.example\n#URIs: https://off.example\n",
    "URIs:\n# https://off.example\n https://h.example\n",
    "#\n# a\n\n \t\n\nURIs: https://h.example\n",
    "Suites: x #\nURIs: https://h.example\n",
    "URIs: https://h.example\n# at the end",
    "Enabled: yes\nURIs: https://h.example\n",
    "Enabled:\nURIs: https://h.example\n",
    "Enabled: nob\nURIs: https://h.example\n",
    "Enabled: xno\nURIs: https://h.example\n",
    "Enabled: true\nURIs: https://h.example\n",
    "Enabled: 1\nURIs: https://h.example\n",
    "XEnabled: no\nURIs: https://h.example\n",
    "Enabled: no\nURIs: https://off.example\n\nURIs: https://h.example\n",
    "Enabled: no\nURIs: https://off.example\n \t\nURIs: https://h.example\n",
    // Another stanza's field is not this one's.
    "URIs: https://h.example\n\nEnabled: no\n",
  ])("of the stanzas %j one is a source", (text) => {
    expect(read("apt", sources(text))).toEqual([host]);
  });

  test.each([
    ...["no", "false", "without", "off", "disable", "0", "NO", "Off"].map((word) => `Enabled: ${word}\nURIs: https://h.example\n`),
    "URIs: https://h.example\nEnabled:  no \n",
    "Enabled:\n no\nURIs: https://h.example\n",
    "XURIs: https://h.example\n",
    "URIsX: https://h.example\n",
    " URIs: https://h.example\n",
    "#URIs: https://h.example\n",
    "Types: deb\nhttps://h.example\n",
    "URIs:\nhttps://h.example\n",
    "URIs:\n",
    "",
  ])("of the stanzas %j none is", (text) => {
    expect(read("apt", sources(text))).toEqual([none]);
  });

  test.each<[string, string]>([
    ["mirror+https://h.example/list", host],
    ["mirror+http://h.example/list", "h.example:80"],
    ["mirror://h.example/list", "h.example:80"],
    ["xmirror://h.example/list", "leads to no web server"],
    ["mirrors://h.example/list", "leads to no web server"],
  ])("deb %s is %s", (uri, expected) => {
    expect(read("apt", list(`deb ${uri} x`))).toEqual([expect.stringContaining(expected)]);
  });

  test("a mirror stands where its list of sources is", () => {
    expect(read("apt", list("deb mirror+http://localhost/list x"))).toEqual([
      'sessions[0].network.egress.allow[0].set: "apt" leads to localhost (HERE/etc/apt/sources.list), which is this machine, and no session reaches that; mend that, or list hosts instead of the set.',
    ]);
  });

  test("mirrors of a file are those of its lines", () => {
    const files = { ...list("deb mirror+file:/etc/m x"), "etc/m": "\n  https://a.example  b\t\n#c\n\n\thttps://d.example\n" };
    expect(read("apt", files)).toEqual(["a.example:443", "d.example:443"]);
    const faulty = { ...files, "etc/m": "here\n" };
    expect(read("apt", faulty)).toEqual([
      'sessions[0].network.egress.allow[0].set: "apt" is read from HERE/etc/m, which is no URL; mend that, or list hosts instead of the set.',
    ]);
  });
});

describe("cargo", () => {
  const crates = ["index.crates.io:443", "static.crates.io:443"];
  const user = (text: string) => ({ "home/.cargo/config.toml": text });
  const replaced = (table: string) => user(`[source.crates-io]\nreplace-with = "m"\n${table}`);
  const noServer = 'sessions[0].network.egress.allow[0].set: "cargo" leads to no web server; mend that, or list hosts instead of the set.';

  test.each<[string, string[]]>([
    ['[source.m]\nregistry = "https://h.example"\n', [host]],
    ['[source.m]\nregistry = "sparse+https://h.example"\n', [host]],
    ['[source.m]\ngit = "https://h.example"\n', [host]],
    ['[source.m]\nregistry = "https://h.example"\ngit = "https://g.example"\n', [host, "g.example:443"]],
    ['[source.m]\nregistry = 5\ngit = ["https://h.example"]\n', [noServer]],
    ['[source.m]\nlocal-registry = "https://h.example"\n', [noServer]],
    ['[registries.m]\nindex = "https://h.example"\n', [host]],
    ["[registries.m]\nindex = 5\n", [noServer]],
    ['[registries]\nm = "https://h.example"\n', [noServer]],
    ['[[registries.m]]\nindex = "https://h.example"\n', [noServer]],
    ["", [noServer]],
    ['[source.m]\nreplace-with = "n"\n[source.n]\nreplace-with = "m"\nregistry = "https://h.example"\n', [host]],
    [
      '[source.m]\nreplace-with = "n"\n[source.n]\nreplace-with = "o"\n[source.o]\nreplace-with = "m"\nregistry = "https://h.example"\n',
      [host],
    ],
    ['[source.m]\nreplace-with = 5\nregistry = "https://h.example"\n', [host]],
  ])("crates.io replaced by %j", (table, expected) => {
    expect(read("cargo", replaced(table))).toEqual(expected);
  });

  test.each(["source = 5", "registries = 5", "[[source]]\nx = 1", "[[registries]]\nx = 1", 'source = "x"', "[source]\nx = 1"])(
    "%j says nothing of crates.io",
    (text) => expect(read("cargo", user(text))).toEqual(crates),
  );

  test.each<[Readonly<Record<string, string>>, string[]]>([
    [{ CARGO_REGISTRIES_A_INDEX: "https://a.example" }, [...crates, "a.example:443"]],
    [{ CARGO_REGISTRIES_A_B_INDEX: "sparse+http://a.example" }, [...crates, "a.example:80"]],
    [{ CARGO_REGISTRIES_CRATES_IO_INDEX: "https://a.example" }, ["a.example:443"]],
    [{ CARGO_REGISTRIES_A_INDEX: "" }, crates],
    [{ XCARGO_REGISTRIES_A_INDEX: "https://a.example" }, crates],
    [{ CARGO_REGISTRIES_A_INDEXX: "https://a.example" }, crates],
    [{ CARGO_REGISTRIES_INDEX: "https://a.example" }, crates],
    [{ CARGO_REGISTRIES_CRATES_IO_PROTOCOL: "sparse" }, crates],
    [{ CARGO_HOME: "" }, crates],
    [{ CARGO_REGISTRIES_A_INDEX: "hsparse+ttps://a.example" }, crates],
    // An index of that URL is crates.io, whose files lie elsewhere.
    [{ CARGO_REGISTRIES_A_INDEX: "https://github.com/rust-lang/crates.io-index" }, [...crates, "github.com:443"]],
  ])("the variables %j", (variables, expected) => {
    expect(read("cargo", {}, variables)).toEqual(expected);
  });

  test("a registry of the file takes its variable, by a name with dashes, and is one with it", () => {
    const files = user('[registries.my-own]\nindex = "https://file.example"\n');
    expect(read("cargo", files, { CARGO_REGISTRIES_MY_OWN_INDEX: "https://variable.example" })).toEqual([
      ...crates,
      "variable.example:443",
    ]);
    expect(read("cargo", files)).toEqual([...crates, "file.example:443"]);
  });

  test("a source is looked up for a registry that a variable of just that form names", () => {
    const files = user('[source.a-b]\nregistry = "https://s.example"\n');
    expect(read("cargo", files, { CARGO_REGISTRIES_A_B_INDEX: "https://v.example" })).toEqual([...crates, "s.example:443"]);
    for (const name of ["XCARGO_REGISTRIES_A_B_INDEX", "CARGO_REGISTRIES_A_B_INDEXX", "CARGO_REGISTRIES_A_B"])
      expect(read("cargo", files, { [name]: "https://v.example" })).toEqual(crates);
  });

  test("the variable's protocol goes before the file's", () => {
    const files = user('[registries.crates-io]\nprotocol = "git"\n');
    expect(read("cargo", files, { CARGO_REGISTRIES_CRATES_IO_PROTOCOL: "sparse" })).toEqual(crates);
  });

  test("the file without an ending is read alone where there are both", () => {
    const files = {
      "home/.cargo/config": '[registries.a]\nindex = "https://a.example"\n',
      ...user('[registries.b]\nindex = "https://b.example"\n'),
    };
    expect(read("cargo", files)).toEqual([...crates, "a.example:443"]);
  });

  test("where a value stands is said", () => {
    const where = (files: Files, variables = {}) => read("cargo", files, variables);
    const noUrl = (place: string) =>
      `sessions[0].network.egress.allow[0].set: "cargo" is read from ${place}, which is no URL; mend that, or list hosts instead of the set.`;
    expect(where(replaced('[source.m]\nregistry = "x"\n'))).toEqual([noUrl("source.m.registry in HERE/home/.cargo/config.toml")]);
    expect(where(replaced('[source.m]\ngit = "x"\n'))).toEqual([noUrl("source.m.git in HERE/home/.cargo/config.toml")]);
    expect(where(user('[registries.a]\nindex = "x"\n'))).toEqual([noUrl("registries.a.index in HERE/home/.cargo/config.toml")]);
    expect(where({}, { CARGO_REGISTRIES_A_INDEX: "x" })).toEqual([noUrl("the variable CARGO_REGISTRIES_A_INDEX")]);
  });
});

describe("go", () => {
  const sum = "sum.golang.org:443";

  test.each<[string, string[]]>([
    ["https://a.example,https://b.example", ["a.example:443", "b.example:443"]],
    ["https://a.example|https://b.example", ["a.example:443", "b.example:443"]],
    [" https://a.example , ,| b.example ,", ["a.example:443", "b.example:443"]],
    ["https://a.example,off,https://b.example", ["a.example:443"]],
    ["https://a.example|direct|https://b.example", ["a.example:443"]],
    ["https://a.example,directx", ["a.example:443", "directx:443"]],
    ["a.example:8443/x", ["a.example:8443"]],
    ["http://a.example", ["a.example:80"]],
  ])("the proxies %j", (list, expected) => {
    expect(read("go", {}, { GOPROXY: list, GOSUMDB: "off" })).toEqual(expected);
  });

  test.each<[string, string]>([
    ["off", "lets Go download nothing"],
    ["off,https://a.example", "lets Go download nothing"],
    [" , off", "lets Go download nothing"],
    ["direct", "names no proxy, so that each module comes from a host of its own"],
    ["direct,off", "names no proxy, so that each module comes from a host of its own"],
    [",", "names no proxy, so that each module comes from a host of its own"],
  ])("the proxies %j", (list, why) => {
    expect(read("go", {}, { GOPROXY: list })).toEqual([
      `sessions[0].network.egress.allow[0].set: "go" is read from the variable GOPROXY, which ${why}; mend that, or list hosts instead of the set.`,
    ]);
  });

  test("a path is a folder, and no host", () => {
    expect(read("go", {}, { GOPROXY: "/srv/proxy", GOSUMDB: "off" })).toEqual([
      expect.stringContaining('"go" is read from the variable GOPROXY, which is no URL'),
    ]);
    expect(read("go", {}, { GOPROXY: "file:///srv/proxy,https://h.example", GOSUMDB: "off" })).toEqual([host]);
  });

  test.each<[string, string[]]>([
    ["off", []],
    [" off ", []],
    ["h.example", [host]],
    ["  h.example+1+x  ", [host]],
    ["sum+1+x \t http://h.example", ["h.example:80"]],
    ["offx", ["offx:443"]],
  ])("the database %j", (text, expected) => {
    expect(read("go", {}, { GOPROXY: "https://p.example", GOSUMDB: text })).toEqual(["p.example:443", ...expected]);
  });

  test.each([
    "GOPROXY=https://h.example",
    "  GOPROXY=https://h.example  \r\n",
    "GO111MODULE=on\nGOPROXY=https://h.example\n",
    "GOPROXY=https://off.example\nGOPROXY=https://h.example\n",
  ])("the file %j names a proxy", (text) => {
    expect(read("go", { "home/.config/go/env": text })).toEqual([host, sum]);
  });

  test.each([
    "#GOPROXY=https://h.example",
    "XGOPROXY=https://h.example",
    "GOPROXYX=https://h.example",
    "goproxy=https://h.example",
    "GOPROXY =https://h.example",
    "GOPROXY=",
    "export GOPROXY=https://h.example",
  ])("the file %j names none", (text) => {
    expect(read("go", { "home/.config/go/env": text })).toEqual(["proxy.golang.org:443", sum]);
  });

  test("each place is read, the earlier over the later", () => {
    const text = (word: string) => `GOPROXY=https://${word}.example\n`;
    const files = {
      "home/.config/go/env": text("user"),
      "home/Library/Application Support/go/env": text("library"),
      "mine/go/env": text("mine"),
      "root-of-go/go.env": text("installation"),
      "other/bin/go": "",
      "other/go.env": text("program"),
      empty: "GOPROXY=\n",
    };
    const of = (variables: Readonly<Record<string, string>>) => read("go", files, { GOSUMDB: "off", ...variables })[0];
    expect(of({ GOPROXY: "https://variable.example" })).toBe("variable.example:443");
    expect(of({ GOPROXY: "" })).toBe("user.example:443");
    expect(of({ XDG_CONFIG_HOME: "HERE/mine" })).toBe("mine.example:443");
    expect(of({ XDG_CONFIG_HOME: "" })).toBe("user.example:443");
    expect(of({ XDG_CONFIG_HOME: "HERE/gone" })).toBe("library.example:443");
    expect(of({ GOENV: "off", GOROOT: "HERE/root-of-go", PATH: "HERE/other/bin" })).toBe("installation.example:443");
    expect(of({ GOENV: "off", GOROOT: "", PATH: "HERE/other/bin" })).toBe("program.example:443");
    expect(of({ GOENV: "HERE/empty", GOROOT: "HERE/root-of-go" })).toBe("installation.example:443");
    expect(of({ GOENV: "HERE/empty" })).toBe("proxy.golang.org:443");
  });

  test("where a value stands is said", () => {
    const noUrl = (place: string) =>
      `sessions[0].network.egress.allow[0].set: "go" is read from ${place}, which is no URL; mend that, or list hosts instead of the set.`;
    expect(read("go", {}, { GOPROXY: "https://p.example", GOSUMDB: "x /y" })).toEqual([noUrl("the variable GOSUMDB")]);
    expect(read("go", { "home/.config/go/env": "GOPROXY=/x\nGOSUMDB=off\n" })).toEqual([noUrl("GOPROXY in HERE/home/.config/go/env")]);
  });
});

describe("maven", () => {
  const central = "repo.maven.apache.org:443";
  const settings = (inner: string) => `<settings>${inner}</settings>`;
  const user = (inner: string) => ({ "home/.m2/settings.xml": settings(inner) });
  const mirror = (id: string, of: string, more = "") =>
    `<mirror><id>${id}</id><mirrorOf>${of}</mirrorOf><url>https://${id}.example/</url>${more}</mirror>`;
  const repository = (id: string) => `<repository><id>${id}</id><url>https://${id}.example/</url></repository>`;
  const profile = (id: string, more: string) => `<profile><id>${id}</id>${more}</profile>`;
  const repositories = (...ids: string[]) => `<repositories>${ids.map(repository).join("")}</repositories>`;
  const byDefault = (word: string) => `<activation><activeByDefault>${word}</activeByDefault></activation>`;
  const active = (id: string) => `<activeProfiles><activeProfile>${id}</activeProfile></activeProfiles>`;

  test.each<[string, string, string[]]>([
    [
      "all that are named are on",
      `<profiles>${profile("a", repositories("x"))}${profile("b", repositories("y"))}</profiles>${active("a")}${active("b")}`,
      ["x.example:443", "y.example:443", central],
    ],
    [
      "by a name with blanks around it",
      `<profiles>${profile(" a ", repositories("x"))}</profiles>${active("\n a \n")}`,
      ["x.example:443", central],
    ],
    [
      "one that is on by default",
      `<profiles>${profile("a", byDefault(" true ") + repositories("x"))}</profiles>`,
      ["x.example:443", central],
    ],
    ["one that is not", `<profiles>${profile("a", byDefault("false") + repositories("x"))}</profiles>`, [central]],
    [
      "one that is on by default gives way to one that is named",
      `<profiles>${profile("a", byDefault("true") + repositories("x"))}${profile("b", repositories("y"))}</profiles>${active("b")}`,
      ["y.example:443", central],
    ],
    [
      "one that is named and not there changes nothing",
      `<profiles>${profile("a", byDefault("true") + repositories("x"))}</profiles>${active("gone")}`,
      ["x.example:443", central],
    ],
    [
      "of two of one name the first counts",
      `<profiles>${profile("a", repositories("x"))}${profile("a", repositories("y"))}</profiles>${active("a")}`,
      ["x.example:443", central],
    ],
    [
      "what is at another place is nothing",
      `${profile("a", repositories("x"))}${repositories("y")}<mirror>x</mirror>${active("a")}`,
      [central],
    ],
    [
      "a mirror that blocks",
      `<mirrors>${mirror("m", "*", "<blocked> true </blocked>")}</mirrors><profiles>${profile("a", repositories("x"))}</profiles>`,
      ["leads to no web server"],
    ],
    ["one that does not", `<mirrors>${mirror("m", "*", "<blocked>false</blocked>")}</mirrors>`, ["m.example:443"]],
    ["of two mirrors of one name the first counts", `<mirrors>${mirror("m", "other")}${mirror("m", "*")}</mirrors>`, [central]],
    ["the first that fits counts", `<mirrors>${mirror("m", "*")}${mirror("n", "*")}</mirrors>`, ["m.example:443"]],
    ["one of a list, with blanks", `<mirrors>${mirror("m", "x , central")}</mirrors>`, ["m.example:443"]],
    ["all but one, whichever comes first", `<mirrors>${mirror("m", "!central,*")}</mirrors>`, [central]],
    ["a part of a name is none", `<mirrors>${mirror("m", "centra")}${mirror("n", "central2")}</mirrors>`, [central]],
  ])("%s", (_, inner, expected) => {
    const found = read("maven", user(inner));
    expect(found).toEqual(expected.map((one) => (one.includes(":") ? one : expect.stringContaining(one))));
  });

  test.each<[Readonly<Record<string, string>>, string]>([
    [{ MAVEN_HOME: "HERE/a", M2_HOME: "HERE/b", PATH: "HERE/c/bin" }, "a.example:443"],
    [{ M2_HOME: "HERE/b", PATH: "HERE/c/bin" }, "b.example:443"],
    [{ MAVEN_HOME: "", M2_HOME: "", PATH: "HERE/c/bin" }, "c.example:443"],
    [{}, central],
  ])("the installation of %j", (variables, expected) => {
    const of = (word: string) => [`${word}/conf/settings.xml`, settings(`<mirrors>${mirror(word, "*")}</mirrors>`)];
    expect(read("maven", { "c/bin/mvn": "", ...Object.fromEntries(["a", "b", "c"].map(of)) }, variables)).toEqual([expected]);
  });

  test("a variable has its form, and is put in its place alone", () => {
    const at = (url: string) => user(`<mirrors><mirror><id>m</id><mirrorOf>*</mirrorOf><url>${url}</url></mirror></mirrors>`);
    expect(read("maven", at("https://${env.HOST}/${env.PART}"), { HOST: "h.example", PART: "x" })).toEqual([host]);
    for (const url of ["https://${HOST}/", "https://${envxHOST}/", "https://$env.HOST/", "https://${env.GONE}/"])
      expect(read("maven", at(url), { HOST: "h.example" })).toEqual([expect.stringContaining('mirror "m" in HERE/home/.m2/settings.xml')]);
  });
});
