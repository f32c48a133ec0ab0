import { beforeAll, expect, test } from "vitest";
import { type ControlName, controls } from "../../stacks/controls/list.ts";
import { isPromised, platformControls } from "../../stacks/controls.ts";
import { baseline } from "../../policy/baseline.ts";
import { rolledOut } from "../support/aws/stack.ts";

/** The baseline, which sessions on Docker are held to, in a task of Fargate's; or the reason why not. */

interface Container {
  readonly name: string;
  readonly [key: string]: unknown;
}

let session: Container;
beforeAll(async () => {
  const all = await rolledOut({ sessions: [{ id: "a" }] });
  const { containerDefinitions } = (all.find(({ name }) => name === "a-definition")?.inputs ?? {}) as { containerDefinitions: string };
  session = (JSON.parse(containerDefinitions) as Container[]).find(({ name }) => name === "session") as Container;
});

test.each<[string, (container: Container) => unknown, unknown]>([
  ["user", ({ user }) => user, `${baseline.user.uid}:${baseline.user.gid}`],
  ["read-only root", ({ readonlyRootFilesystem }) => readonlyRootFilesystem, true],
  ["capabilities", ({ linuxParameters }) => linuxParameters, { capabilities: { add: [], drop: ["ALL"] } }],
  ["memory, in MiB", ({ memory }) => memory, baseline.limits.memory / 1024 ** 2],
  ["processor time", ({ cpu }) => cpu, baseline.limits.cpu * 1024],
  ["init", ({ entryPoint }) => entryPoint, [...baseline.init]],
])("%s is as on Docker", (_, of, wanted) => {
  expect(of(session)).toEqual(wanted);
});

test("what Docker enforces and Fargate does not has its reason and a source", () => {
  const { docker, ecs } = platformControls;
  const names = Object.keys(controls) as ControlName[];
  const weaker = names.filter((name) => isPromised(docker, name) && !isPromised(ecs, name));
  expect(weaker.length).toBeGreaterThan(3);
  for (const name of weaker) {
    const { why, source } = ecs.column[name] as { readonly why?: string; readonly source?: string };
    expect([name, (why ?? "").length > 10, source]).toEqual([
      name,
      true,
      expect.stringMatching(/^(https:\/\/docs\.aws\.amazon\.com|components)\//),
    ]);
  }
});
