import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cloneName } from "../../components/session.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { parse } from "../../stacks/settings.ts";
import { files } from "../../stacks/verify/checks/files.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verifyQuickly } from "../../stacks/verify/run.ts";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined)("repositories by URL", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "repositories");
  const repository = join(rig.root, "upstream");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();
  const commit = (text: string) => {
    writeFileSync(join(repository, "file"), text);
    git("add", ".");
    git("commit", "-qm", text);
  };
  const sessions = (ref: string) =>
    ["r-one", "r-two"].map((id) => ({ id, repositories: [{ name: "code", url: `file://${repository}`, ref }] }));

  afterAll(() => rig.dispose(), 2 * minutes);

  test(
    "are cloned once, shared read-only, and updated when the ref changes",
    async () => {
      mkdirSync(repository);
      git("init", "-q", "-b", "main");
      commit("first");
      git("tag", "v1");
      commit("second");

      const { reviewed } = await rig.up(sessions("v1"));
      expect(
        reviewed.plan.steps.filter(({ name }) => name.startsWith("agent-repository-")).map(({ type }) => type.split(":").pop()),
      ).toEqual(["Volume", "Container"]);
      for (const id of ["r-one", "r-two"]) {
        expect((await rig.shell(id, "cat /repos/code/file /workspace/code/file")).output).toBe("firstfirst");
        expect((await rig.shell(id, "touch /repos/code/x")).output).toContain("Read-only file system");
        const [session] = parse({ sessions: sessions("v1").filter((entry) => entry.id === id) }, { root: rig.root }).sessions;
        const [verified] = await verifyQuickly([targetOf(rig.runtime, promisedTo(session!))], files);
        expect(verified?.results.flatMap((result) => (result.id === "clones" ? [result.verdict, result.found] : []))).toEqual([
          "held",
          "only what the clone was given: /repos/code/.git",
        ]);
      }

      const again = await rig.up(sessions("main"));
      const changed = again.reviewed.plan.steps.filter(({ operation }) => operation !== "same");
      expect(changed.map(({ operation, changes }) => [operation, changes.map(({ key }) => key)])).toEqual([["replace", ["envs"]]]);
      for (const id of ["r-one", "r-two"]) {
        // What the agent has in its workspace is its own; the reference copy is what was updated.
        expect((await rig.shell(id, "cat /repos/code/file /workspace/code/file")).output).toBe("secondfirst");
      }
    },
    5 * minutes,
  );

  test(
    "of a version that let the repository write the clone's configuration are made anew, and the poisoned clone is removed",
    async () => {
      const url = `file://${repository}`;
      // What such a version left: a volume that is named by the URL alone.
      const poisoned = `agent-repository-code-${createHash("sha256").update(url).digest("hex").slice(0, 8)}`;
      const { identity } = rig.engine([]);
      await rig.docker.createVolume({
        Name: poisoned,
        Labels: {
          created_by: "agent-sessions",
          kind: "repository",
          stack: `${identity.project}/${rig.stack}`,
          [labelNames.deployment]: identity.deployment,
          [labelNames.resource]: `urn:pulumi:${rig.stack}::agent-sessions::docker:index/volume:Volume::${poisoned}-volume`,
        },
      });
      const { reviewed } = await rig.up(sessions("main"));
      expect(reviewed.plan.steps.filter(({ operation }) => operation === "delete").map(({ name }) => name)).toEqual([poisoned]);
      await expect(rig.docker.getVolume(poisoned).inspect()).rejects.toMatchObject({ statusCode: 404 });
      const { HostConfig } = await rig.docker.getContainer("claude-agent-r-one").inspect();
      expect(HostConfig.Mounts?.map(({ Source }) => Source)).toContain(cloneName({ name: "code", url }));
    },
    2 * minutes,
  );

  test(
    "that cannot be cloned fail the run and name the cause",
    async () => {
      const missing = join(rig.root, "empty");
      mkdirSync(missing);
      const up = rig.up([...sessions("main"), { id: "r-bad", repositories: [{ name: "none", url: `file://${missing}` }] }]);
      await expect(up).rejects.toThrow(/agent-repository-none-\w+ ended with 128: .*does not appear to be a git repository/s);
    },
    2 * minutes,
  );
});
