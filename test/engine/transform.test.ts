import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { liveEngine, Rig } from "./rig.ts";

/** A transform of the user's own under the embedded engine. */

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("a stack with a transform, rolled out", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "transform");
  const session = { id: "tr-one", limits: { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" } };
  /** Puts a transform in its place; each is a file of its own, as a module is loaded once. */
  const withTransform = (name: string, body: string) => {
    writeFileSync(join(rig.root, name), `export default ${body};`);
    return { local: { transform: `./${name}` } };
  };
  const up = (more: object) => rig.up([session], { ...more });
  const inspect = () => rig.docker.getContainer("claude-agent-tr-one").inspect();
  const isThere = () =>
    inspect().then(
      () => true,
      () => false,
    );
  const container = (change: string) =>
    `async ({ type, name, inputs }) => (type === "docker:index/container:Container" && name === "tr-one-container" ? { inputs: { ...inputs, ${change} } } : undefined)`;
  const labelled = `memory: 192, memorySwap: 192, labels: [...inputs.labels, { label: "team", value: "x" }]`;
  afterAll(() => rig.dispose(), minute);

  test(
    "is not, when the policy rules refuse what it made, or when it answers otherwise than in the plan",
    async () => {
      await expect(up(withTransform("privileged.ts", container("privileged: true")))).rejects.toThrow(/policy CTR-006: tr-one-container/);
      await expect(up(withTransform("failing.ts", "() => { throw new Error('no such team'); }"))).rejects.toThrow(
        /the transform \.\/failing\.ts failed at docker:index\/[\w/:]+ [\w-]+: no such team/,
      );
      const fickle = withTransform("fickle.ts", container(`privileged: (globalThis.asked = (globalThis.asked ?? 0) + 1) > 1`));
      await expect(up(fickle)).rejects.toThrow(
        /the transform asks for something else than when the plan was made and judged \(privileged\)/,
      );
      expect(await isThere()).toBe(false);
      const options = withTransform("options.ts", `({ type }) => (type.endsWith(":Image") ? undefined : { options: { protect: true } })`);
      await expect(up(options)).rejects.toThrow(
        /cannot do, .*tr-one-container \(options\.protect\).*; leave that out, or deploy this stack with the Pulumi CLI/,
      );
      const image = withTransform(
        "image.ts",
        `({ type, inputs }) => (type.endsWith(":Image") ? { inputs: { ...inputs, build: { ...inputs.build, args: {} } } } : undefined)`,
      );
      await expect(up(image)).rejects.toThrow(/session-image \(build\)/);
      expect(await isThere()).toBe(false);
    },
    minute,
  );

  test(
    "runs as it says, and a second rollout changes nothing; without it the session is as before",
    async () => {
      const more = withTransform("labelled.ts", container(labelled));
      await up(more);
      const { Config, HostConfig, Id } = await inspect();
      expect([Config.Labels.team, HostConfig.Memory, HostConfig.Privileged]).toEqual(["x", 192 * 1024 ** 2, false]);
      const { reviewed } = await up(more);
      expect(reviewed.plan.steps.filter(({ operation }) => operation !== "same")).toEqual([]);
      expect((await inspect()).Id).toBe(Id);
      rmSync(join(rig.root, "labelled.ts"));
      await up({});
      const after = await inspect();
      expect([after.Config.Labels.team, after.HostConfig.Memory]).toEqual([undefined, 256 * 1024 ** 2]);
    },
    2 * minute,
  );
});
