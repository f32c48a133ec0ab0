import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { stockBase } from "../../components/hardened-image/args.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout } from "./checkout.ts";

const folder = temporaryFolder("resolve");
const [home, other, socket] = ["home", "other", "engine.sock"].map((name) => join(folder, name)) as [string, string, string];
const certificates = join(folder, "ca.pem");
mkdirSync(home);
mkdirSync(other);
writeFileSync(certificates, rootCertificates[0] ?? "");
writeFileSync(
  join(home, ".npmrc"),
  "registry=https://mirror.corp.example:8443/npm\n@corp:registry=https://user:hidden-word@npm.corp.example/\n",
);

// npm hands what it was told itself to what it runs.
const untold = Object.fromEntries(Object.keys(process.env).flatMap((name) => (/^npm_config_/i.test(name) ? [[name, ""]] : [])));
const variables = { ...untold, DOCKER_HOST: `unix://${socket}`, NODE_EXTRA_CA_CERTS: certificates, NPM_TOKEN: "hidden-word", PATH: folder };
const here = new Checkout({ ...variables, HOME: home });
// Another machine, on which npm is configured otherwise and which has no further certificates.
const there = new Checkout({ ...variables, HOME: other, NODE_EXTRA_CA_CERTS: "" });

/** An engine that has no image. */
const engine = createServer(({ url = "" }, answer) => {
  const isPing = url.endsWith("/_ping");
  answer.writeHead(isPing ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(isPing ? "OK" : { message: "none" }));
});

const stackFile = (session: string, more = "") => `# What this stack is for.
config:
  agent-sessions:sessions:
    ${session} # for the day
${more}`;
const named = "- { id: s, network: { egress: { allow: [{ set: npm }, example.com] } } }";
const write = (content: string) => {
  for (const checkout of [here, there]) checkout.write("r", content);
};
const text = () => readFileSync(here.stackFile("r"), "utf8");
const resolve = (...args: string[]) => here.run(["resolve", "--stack", "r", ...args]);

beforeAll(async () => {
  await once(engine.listen(socket), "listening");
});
afterAll(() => {
  engine.close();
  here.dispose();
  there.dispose();
});

test("what a plan read from this machine is told, then written with comments kept, once, and no plan reads it again", async () => {
  write(stackFile(named));
  const planned = async (checkout: Checkout) => {
    const { stdout } = await checkout.run(["plan", "--stack", "r", "--against", join(folder, "nothing"), "--json"]);
    const { authority, readHere } = JSON.parse(stdout) as { authority: { added: string[] }; readHere: { what: string }[] };
    return { authority: authority.added, reads: readHere.map(({ what }) => what) };
  };
  writeFileSync(join(folder, "nothing"), '{"resources":{},"authority":[]}');
  const before = await planned(here);
  expect(before.reads).toEqual(["base", "caBundle", "egressSets.npm"]);
  expect(before.authority.join()).toContain("mirror.corp.example:8443");
  expect((await planned(there)).authority).not.toEqual(before.authority);
  const said = (await here.run(["plan", "--stack", "r", "--against", join(folder, "nothing")])).stderr;
  expect(said).toContain(
    `Read from this machine, and maybe otherwise on another: the image to build upon (what this engine has); certificates (NODE_EXTRA_CA_CERTS: ${certificates}); set npm (mirror.corp.example:8443, npm.corp.example:443). "npx sessions resolve --stack r" writes it into the stack file.`,
  );

  expect((await resolve("--check")).code).toBe(1);
  const done = await resolve();
  expect([done.code, done.stdout]).toEqual([
    0,
    `stacks/Pulumi.r.yaml:\n  base: ${stockBase}\n  caBundle: ${certificates}\n  egressSets.npm: mirror.corp.example:8443, npm.corp.example:443\n`,
  ]);
  expect(text()).toMatch(/^# What this stack is for\.\n[\s\S]* # for the day\n {2}# Written by "npx sessions resolve": /);
  expect(parseYaml(text()).config["agent-sessions:resolved"]).toEqual({
    base: stockBase,
    caBundle: certificates,
    egressSets: { npm: ["mirror.corp.example:8443", "npm.corp.example:443"] },
  });
  expect(text()).not.toContain("hidden-word");
  const first = text();
  expect(await resolve()).toEqual({ code: 0, stdout: "stacks/Pulumi.r.yaml is as this machine says.\n", stderr: "" });
  expect(text()).toBe(first);

  write(first);
  expect(await planned(here)).toEqual({ authority: before.authority, reads: [] });
  expect(await planned(there)).toEqual({ authority: before.authority, reads: [] });
  expect(before.authority.join()).toMatch(/npm/);
  const elsewhere = await there.run(["resolve", "--stack", "r", "--check"]);
  expect(elsewhere).toEqual({ code: 0, stdout: "stacks/Pulumi.r.yaml leaves nothing to the machine.\n", stderr: "" });
}, 60_000);

test("what nothing reads any more is left over, and goes; what a key says is not resolved", async () => {
  const resolved = `  # mine
  agent-sessions:resolved: { base: "debian:11", caBundle: none, egressSets: { npm: ["old.example:443"] } }
  agent-sessions:image: { base: "debian:12" }
`;
  write(stackFile("- { id: s }", resolved));
  const check = await resolve("--check");
  expect([check.code, check.stdout, check.stderr.trim().split("\n")]).toEqual([
    1,
    "",
    ["base", "egressSets.npm"].map((key) => `stacks/Pulumi.r.yaml: resolved.${key} is left over; run "npx sessions resolve --stack r"`),
  ]);
  expect((await resolve()).stdout).toBe(
    `stacks/Pulumi.r.yaml:\n  base: debian:11 → nothing\n  caBundle: none → ${certificates}\n  egressSets.npm: old.example:443 → nothing\n`,
  );
  expect(parseYaml(text()).config["agent-sessions:resolved"]).toEqual({ caBundle: certificates });
  expect(text()).toContain("  # mine\n");
  expect((await resolve("--check")).code).toBe(0);
  write(
    stackFile(
      "- { id: s }",
      `${resolved.slice(resolved.indexOf("\n") + 1)}`.replace('base: "debian:12"', 'base: "debian:12", caBundle: none'),
    ),
  );
  await resolve();
  expect(Object.keys(parseYaml(text()).config)).toEqual(["agent-sessions:sessions", "agent-sessions:image"]);
}, 60_000);

test.each([
  [
    "a host that a secret decides",
    stackFile(named, '  agent-sessions:image: { base: "debian:12" }\n'),
    "registry=https://${NPM_TOKEN}.example/\n",
    2,
    "that is a secret by its name or form",
  ],
  ["a file that is faulty otherwise", stackFile("- { id: s, limits: { cpu: 0 } }"), "", 2, "0 is not a number of cores"],
])("%s is told, and nothing is written", async (_, content, npmrc, code, sentence) => {
  write(content);
  const kept = readFileSync(join(home, ".npmrc"), "utf8");
  writeFileSync(join(home, ".npmrc"), npmrc);
  const { stdout, stderr, ...result } = await resolve();
  writeFileSync(join(home, ".npmrc"), kept);
  expect([result.code, stdout, stderr]).toEqual([code, "", expect.stringContaining(sentence)]);
  expect(stderr).not.toContain("hidden-word");
  expect(text()).toBe(content);
});

test("without an engine nobody says which image to build upon", async () => {
  const alone = new Checkout({ ...variables, HOME: home, DOCKER_HOST: "unix:///nowhere/docker.sock" });
  alone.write("r", stackFile("- { id: s }"));
  const { code, stdout, stderr } = await alone.run(["resolve", "--stack", "r"]);
  alone.dispose();
  expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining("no container engine answers at unix:///nowhere/docker.sock")]);
});
