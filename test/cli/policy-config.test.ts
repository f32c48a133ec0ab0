import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout } from "./checkout.ts";

// Neither an engine nor the Pulumi CLI can be reached.
const folder = temporaryFolder("policy-config");
const checkout = new Checkout({ PATH: folder, DOCKER_HOST: "unix:///nowhere/docker.sock" });
afterAll(() => checkout.dispose());

const print = (...args: string[]) => checkout.run(["policy-config", "--stack", "excepted", ...args]);
const level = (name: string) => JSON.parse(readFileSync(join(checkout.root, `policy/levels/${name}.json`), "utf8"));
const exception = { reason: "the tool takes no file", owner: "me", expires: "2099-12-31" };
checkout.write("excepted", [{ id: "s", credentials: { kind: "environment", secret: { env: "NOWHERE_SET" }, exception } }]);
checkout.write("faulty", [{ id: "s", limits: { cpu: 0 } }]);

test("prints what the pack is given, and nothing else, with no secret read", async () => {
  const { code, stdout, stderr } = await print();
  expect([code, stderr]).toEqual([0, ""]);
  const exceptions = [{ resource: "s-container", ...exception }];
  expect(JSON.parse(stdout)).toEqual({
    ...level("local"),
    "CTR-026": { enforcementLevel: "mandatory", exceptions },
    "CTR-026-critical": { enforcementLevel: "mandatory", exceptions },
  });
});

test("writes it where it is told to, at another level and with a file of one's own", async () => {
  const [given, output] = ["given.json", "output.json"].map((name) => join(folder, name)) as [string, string];
  writeFileSync(given, JSON.stringify({ "CTR-001": "disabled" }));
  expect(await print("--level", "production", "--config", given, "--output", output)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(JSON.parse(readFileSync(output, "utf8"))).toMatchObject({
    "CTR-001": "disabled",
    "CTR-005": level("production")["CTR-005"],
    "CTR-026": { exceptions: [{ resource: "s-container" }] },
  });
  expect(level("production")["CTR-005"]).not.toBe(level("local")["CTR-005"]);
});

test.each([
  [["--stack", "faulty"], 2, /sessions\[0\]\.limits\.cpu: 0 is not a number of cores/],
  [["--stack", "nope"], 1, /there is no stack "nope"/],
  [["--level", "high"], 2, /Allowed choices are local, single-node, production/],
  [["--config", "/nowhere/x.json"], 2, /\/nowhere\/x\.json cannot be read \(ENOENT\)/],
])("%j ends with %i and a sentence", async (args, code, sentence) => {
  const result = await print(...args);
  expect(result.stderr).toMatch(sentence);
  expect([result.code, result.stdout]).toEqual([code, ""]);
});
