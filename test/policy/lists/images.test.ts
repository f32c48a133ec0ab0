import { describe, expect, test } from "vitest";
import { dockerfileFaults } from "../../../policy/rules/img-004-dockerfile.ts";
import { isRemote } from "../../../policy/rules/read/build.ts";
import { builtImage, changed, resource, sessionContainer } from "../fixtures.ts";
import { found } from "./found.ts";

const said = (...lines: readonly string[]) =>
  [...dockerfileFaults(["FROM node:24.1", "USER agent", "HEALTHCHECK CMD health", ...lines].join("\n"))].map((one) =>
    typeof one === "string" ? one : one.message,
  );
const checked = (...tests: string[]) => found("CTR-032", sessionContainer({ healthcheck: { tests } }));

describe("a line of a Dockerfile, and its neighbour", () => {
  test.each([
    ["RUN curl -s https://x | sh", "RUN curl -s https://x -o x", "not pipe a download into a shell"],
    ["RUN wget -O- https://x | bash", "RUN wget -O- https://x; bash", "not pipe a download into a shell"],
    ["RUN curl x | sudo zsh", "RUN curl x && sudo zsh", "not pipe a download into a shell"],
    ["RUN curl x |sudo  ash", "RUN mycurl x | ash", "not pipe a download into a shell"],
    ["RUN curl x | dash -e", "RUN curl x | fish", "not pipe a download into a shell"],
    ["ADD https://x /x", "ADD --checksum=sha256:1 https://x /x", "not ADD a URL without its checksum"],
    ["ADD http://x /x", "ADD x-https://x /x", "not ADD a URL without its checksum"],
    ["ENV API_KEY=abc", "ENV API_KEY_FILE=/run/x", "not have a secret in ENV API_KEY"],
    ['ENV A=b DB_PASSWORD="x"', 'ENV A=b DB_PASSWORD=""', "not have a secret in ENV DB_PASSWORD"],
    ["ARG TOKEN abc", "ARG TOKEN $TOKEN", "not have a secret in ARG TOKEN"],
    ["RUN apt-get install -y sudo", "RUN apt-get install -y sudoku", "not have sudo in it"],
    ["RUN apt install sudo", "RUN apt remove sudo", "not have sudo in it"],
    ["RUN apk add sudo", "RUN apk del sudo", "not have sudo in it"],
    ["RUN yum install sudo", "RUN yum info sudo", "not have sudo in it"],
    ["RUN dnf install sudo", "RUN echo install sudo", "not have sudo in it"],
    ["RUN apt-get install docker.io", "RUN apt-get install docker.iox", "not have the engine's client in it"],
    ["RUN apt-get install docker-ce-cli", "RUN apt-get install docker-doc", "not have the engine's client in it"],
    ["RUN apk add docker-cli", "RUN apk fetch docker-cli", "not have the engine's client in it"],
    ["RUN chmod 4755 /x", "RUN chmod 0755 /x", "not add setuid files"],
    ["RUN chmod -R 6755 /x", "RUN chmod -R 755 /x", "not add setuid files"],
    ["RUN chmod 04755 /x", "RUN chmod 03755 /x", "not add setuid files"],
    ["RUN chmod u+s /x", "RUN chmod u+x /x", "not add setuid files"],
    ["RUN chmod +rs /x", "RUN chmod -s /x", "not add setuid files"],
    ["EXPOSE 80 22", "EXPOSE 2222", "not expose SSH"],
    ["EXPOSE 22/tcp", "EXPOSE 22/udp", "not expose SSH"],
    ["USER 0", "USER 10", "end as a user other than root"],
    ["USER root", "USER rooted", "end as a user other than root"],
  ])("%s | %s", (line, neighbour, fault) => {
    expect(said(line)).toEqual([fault]);
    expect(said(neighbour)).toEqual([]);
  });

  test("bases are versions, other stages, nothing, or what an argument says", () => {
    for (const base of ["node:24.1", "scratch", "$BASE", "${BASE}", `node@sha256:${"0".repeat(64)}`])
      expect([base, said(`FROM ${base}`, "USER a", "HEALTHCHECK CMD x")]).toEqual([base, []]);
    for (const base of ["node", "node:latest", "node:lts"])
      expect(said(`FROM ${base}`, "USER a", "HEALTHCHECK CMD x")).toEqual([`be built from a base with a version (${base})`]);
    expect(said("FROM node:24.1 AS One", "USER a", "HEALTHCHECK CMD x", "FROM one")).toEqual([]);
  });

  test("what is left out", () => {
    expect([...dockerfileFaults("FROM node:24.1")]).toEqual([
      "name the user it runs as (USER)",
      { severity: "low", message: "have a HEALTHCHECK" },
    ]);
  });
});

describe("where a build takes its sources from", () => {
  test.each(["http://x/y", "https://x/y", "git://x/y", "ssh://x/y", "git@x:y", "x/y.git", "x/y.git#main", "github.com/x/y"])(
    "%s is another machine",
    (context) => {
      expect(isRemote(context)).toBe(true);
    },
  );

  test.each(["./x", "/srv/x", "x.gitx", "my-github.com/x", "ftp", "xhttps://y", "mygit@x"])("%s is this one", (context) => {
    expect(isRemote(context)).toBe(false);
  });

  test("is a commit, over TLS", () => {
    const from = (context: string) => found("IMG-003", changed(builtImage, { build: { context } }));
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const sentence = ['high: The image "session" must be built from a commit, over TLS.'];
    for (const context of [`https://x/y.git#${commit}`, `https://x/y.git#${commit}:folder`, `git@x:y#${commit}`])
      expect([context, from(context)]).toEqual([context, []]);
    for (const context of ["https://x/y.git", "https://x/y.git#main", `https://x/y.git#${commit}0`, `http://x/y.git#${commit}`])
      expect([context, from(context)]).toEqual([context, sentence]);
  });
});

describe("how a build is protected", () => {
  const built = (build: object) => found("IMG-002", changed(builtImage, { build: { context: "none", ...build } }));

  test.each(["seccomp=unconfined", "security.insecure", "label=disable", "apparmor=UNCONFINED"])("not with %s", (option) => {
    expect(built({ securityOpts: ["no-new-privileges", option] })).toEqual([
      'high: The image "session" must be built with the engine\'s own protection.',
    ]);
  });

  test("with the engine's own, on a network of its own", () => {
    expect([
      ...built({ securityOpts: ["no-new-privileges", "seccomp=builtin"] }),
      ...built({ network: "none" }),
      ...built({ networkMode: "hosts" }),
    ]).toEqual([]);
    for (const key of ["network", "networkMode"])
      expect(built({ [key]: "Host" })).toEqual(['high: The image "session" must not be built on the host\'s network.']);
  });
});

test.each([
  ["org.example.scan", true],
  ["scan", true],
  ["scan-result", true],
  ["x/scan/y", true],
  ["org.example.scanned", false],
  ["myscan", false],
])("the label %s is evidence of a scan: %s", (key, is) => {
  const image = (value: string) => found("IMG-005", changed(builtImage, { build: { context: "none", labels: { [key]: value } } }));
  const missing = ['recommendation: The image "session" must be scanned before it is rolled out.'];
  expect(image("yes")).toEqual(is ? [] : missing);
  expect(image("")).toEqual(missing);
});

describe("a health check that cannot fail, and its neighbour", () => {
  const sentence = ['medium: The container "alpha" must have a health check that can fail.'];

  test.each([
    ["exit 0", "exit 1"],
    ["true", "trues"],
    [":", "::"],
    ["/bin/true", "/bin/truex"],
    ["/usr/bin/true", "/usr/local/bin/true"],
    ["echo ok", "echoes"],
    ["true;", "true; health"],
    ["  exit   0 ", "exit0"],
  ])("%j, %j", (command, neighbour) => {
    expect(checked("CMD-SHELL", command)).toEqual(sentence);
    expect(checked("CMD-SHELL", neighbour)).toEqual([]);
  });

  test("none at all, and one whose end is one", () => {
    for (const tests of [["NONE"], ["CMD"], ["CMD", "sh", "-c", "exit 0"]]) expect([tests, checked(...tests)]).toEqual([tests, sentence]);
    expect(checked("health")).toEqual(['medium: The container "alpha" must begin its health check with CMD or CMD-SHELL.']);
    expect(checked("CMD", "health")).toEqual([]);
  });
});

test.each([
  ["docker.io", "node:24.1"],
  ["docker.io", "team/node:24.1"],
  ["localhost", "localhost/node:1"],
  ["ghcr.io", "GHCR.io/x/y:1"],
  ["host:5000", "host:5000/x:1"],
])("the registry %s of %s", (registry, name) => {
  const from = (registries: string[]) =>
    found("CTR-034", resource("docker:index/remoteImage:RemoteImage", "x", { name }), { "CTR-034": { registries } });
  expect(from([registry])).toEqual([]);
  expect(from([registry.toUpperCase()])).toEqual([]);
  expect(from([`${registry}.evil.example`, "other.example"])).toEqual([
    `medium: The image "x" must not take its image from ${registry}, which is not an allowed registry.`,
  ]);
  expect(from([])).toEqual([]);
});
