import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout } from "./checkout.ts";

/** A strategy that the embedded engine does not know: the project's own, marked so, with a Pulumi CLI that only notes what it is asked. */

const folder = temporaryFolder("alone");
const [asked, given, pulumi, socket] = ["asked", "given", "pulumi", "engine.sock"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
  string,
];
const PATH = `${folder}${delimiter}${process.env.PATH}`;
const checkout = new Checkout({ PATH, DOCKER_HOST: `unix://${socket}`, ONE_KEY: "not-a-key" });

/** An engine that holds nothing. */
const engine = createServer(({ url = "" }, answer) => {
  const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
  const empty: Readonly<Record<string, unknown>> = {
    "/_ping": "OK",
    "/containers/json": [],
    "/networks": [],
    "/volumes": { Volumes: [] },
    "/info": {},
    "/version": {},
    "/system/df": {},
  };
  answer
    .writeHead(path in empty ? 200 : 404, { "content-type": "application/json" })
    .end(JSON.stringify(empty[path] ?? { message: "none" }));
});

beforeAll(async () => {
  await once(engine.listen(socket), "listening");
  const strategies = join(checkout.root, "stacks/strategies/index.ts");
  const text = readFileSync(strategies, "utf8");
  const own = 'embedded: true, level: "local"';
  expect(text).toContain(own);
  writeFileSync(strategies, text.replace(own, 'embedded: false, level: "production"'));
  checkout.write(
    "alone",
    stringify({ config: { "agent-sessions:image": { base: "debian:12" }, "agent-sessions:sessions": [{ id: "one" }] } }),
  );
});
afterAll(() => {
  engine.close();
  checkout.dispose();
});

/** Puts a Pulumi CLI first in PATH that notes its arguments, and what the policy pack is given. */
function installPulumi(): void {
  writeFileSync(
    pulumi,
    `#!/bin/sh\necho "$@" >> ${asked}\n[ $1 != up ] || echo "only: $AGENT_SESSIONS_ONLY." >> ${asked}\nwhile [ $# -gt 1 ]; do [ "$1" = --policy-pack-config ] && cp "$2" ${given}; shift; done\n`,
  );
  chmodSync(pulumi, 0o755);
}

test("up says so and drives the Pulumi CLI, at the strategy's level; the plan names it", async () => {
  installPulumi();
  const up = await checkout.run(["up", "--stack", "alone", "--yes", "--no-install", "--timeout", "0"]);
  expect(up.stderr).toContain("Stack alone, pulumi engine.\nPulumi alone rolls out the strategy local.\n");
  expect(readFileSync(asked, "utf8")).toMatch(
    /^up --stack alone --parallel 64 --refresh --policy-pack policy --policy-pack-config \S+ --yes$/m,
  );
  const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));
  expect(readJson(given)).toEqual(readJson(join(checkout.root, "policy/levels/production.json")));
  // Nothing came up, as this Pulumi makes nothing.
  expect([up.code, up.stdout]).toEqual([1, expect.stringContaining("stopped")]);

  const plan = await checkout.run(["plan", "--stack", "alone"]);
  expect([plan.code, plan.stdout]).toEqual([
    0,
    expect.stringContaining(
      'Pulumi alone rolls this stack out; "pulumi preview --stack alone" shows what would change. Here everything counts as new.',
    ),
  ]);
});

test("up --only reads the secrets of these sessions alone, and tells the program that the CLI starts", async () => {
  installPulumi();
  const session = (id: string, env: string) => ({ id, credentials: { kind: "file", secret: { env } } });
  const config = {
    "agent-sessions:image": { base: "debian:12" },
    "agent-sessions:sessions": [session("one", "ONE_KEY"), session("two", "NO_SUCH_VARIABLE")],
  };
  checkout.write("alone", stringify({ config }));
  const up = (...more: string[]) => checkout.run(["up", "--stack", "alone", "--yes", "--no-install", "--timeout", "0", ...more]);
  expect((await up()).stderr).toContain("env NO_SUCH_VARIABLE is not set where this runs; export it.");
  const only = await up("--only", "one");
  expect(only.stderr).not.toContain("NO_SUCH_VARIABLE");
  const said = readFileSync(asked, "utf8");
  expect(said).toMatch(/^up .*--target \S+::one\b.*\nonly: one\.$/m);
  expect(said).not.toMatch(/--target \S+::two\b/);
  // All that was targeted before had nothing to tell.
  expect(said).toMatch(/^only: \.$/m);
});

test("another engine is refused, and so is a machine without Pulumi", async () => {
  const refused = async (...more: string[]) => {
    const { code, stderr } = await checkout.run(["up", "--stack", "alone", "--yes", "--no-install", ...more]);
    expect(code).toBe(1);
    return stderr;
  };
  installPulumi();
  expect(await refused("--engine", "embedded")).toContain(
    "the embedded engine does not know this stack's strategy; Pulumi alone rolls it out, so leave --engine out",
  );
  writeFileSync(pulumi, "#!/bin/sh\nexit 1\n");
  expect(await refused()).toMatch(/the Pulumi CLI is not in PATH; install it; Pulumi alone rolls out this stack's strategy$/m);
  writeFileSync(pulumi, "#!/bin/sh\n[ $1 = version ]\n");
  expect(await refused()).toContain(
    'run "pulumi login" and "pulumi stack init alone" first; Pulumi alone rolls out this stack\'s strategy\n',
  );
  rmSync(pulumi);
});
