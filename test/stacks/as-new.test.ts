import { afterAll, expect, test, vi } from "vitest";
import { textConfig } from "../../stacks/configuration.ts";
import { platformOf } from "../../stacks/platforms/index.ts";
import { planAsNew, resourcesOf } from "../../stacks/recorder/as-new.ts";
import { limitTo } from "../../stacks/recorder/plan.ts";
import { UnreadSecrets } from "../../stacks/secrets.ts";
import { images } from "../support/fargate.ts";

/** A plan that no platform was asked for, as for a stack that the Pulumi CLI alone rolls out. */

vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
afterAll(() => void vi.unstubAllEnvs());

const source = {
  project: "agent-sessions",
  stack: "new",
  root: process.cwd(),
  config: textConfig({
    config: {
      "agent-sessions:sessions": [
        { id: "one", repositories: [{ name: "lib", url: "https://example.com/lib.git" }] },
        { id: "two", network: { egress: { allow: ["example.com"] } } },
      ],
    },
  }),
};
const reviewed = await planAsNew(source, new UnreadSecrets());
const namesFor = (...ids: string[]) =>
  limitTo(reviewed, ids)
    .plan.steps.map(({ name }) => name.replace(/:[\w-]+$/, ""))
    .sort();

test("everything is new, with what the program says that sessions may do", () => {
  const { plan, refusals } = reviewed;
  expect([new Set(plan.steps.map(({ operation }) => operation)), refusals]).toEqual([new Set(["create"]), []]);
  const session = plan.steps.find(({ urn }) => urn.endsWith("::two-container"));
  expect(session).toMatchObject({ type: "docker:index/container:Container", name: "claude-agent-two", changes: [], sessions: ["two"] });
  expect(plan.authority).toEqual({ added: expect.arrayContaining(["session two: egress to example.com:80,443"]), removed: [] });
});

test("for some sessions it holds what is theirs and what that needs, and nothing that only others need", () => {
  const image = "agent-sessions-session";
  expect(namesFor("two")).toEqual(
    expect.arrayContaining([image, "agent-sessions-egress-proxy", "claude-agent-two", "claude-agent-two-workspace"]),
  );
  expect(namesFor("two").filter((name) => /one|repository/.test(name))).toEqual([]);
  expect(namesFor("one")).toEqual(expect.arrayContaining([image, "claude-agent-one"]));
  expect(namesFor("one").some((name) => name.includes("repository"))).toBe(true);
  expect(namesFor("one").filter((name) => /two|egress-proxy/.test(name))).toEqual([]);
  expect(namesFor("one", "two").length).toBe(reviewed.plan.steps.length);
});

test("what no name is asked for is called as in the program", async () => {
  const ecs = { region: "eu-central-1", account: "123456789012", images };
  const config = textConfig({
    config: { "agent-sessions:strategy": "ecs", "agent-sessions:ecs": ecs, "agent-sessions:sessions": [{ id: "one" }] },
  });
  const { plan } = await planAsNew({ ...source, config }, new UnreadSecrets());
  const nameOf = (type: string) => plan.steps.find((step) => step.type === type)?.name;
  expect([nameOf("aws:efs/mountTarget:MountTarget"), nameOf("aws:ecs/cluster:Cluster")]).toEqual([
    "storage-target-0",
    "agent-sessions-new",
  ]);
});

test("each step says whose it is", () => {
  const whose = (name: string) => reviewed.plan.steps.find((step) => step.name === name)?.sessions;
  expect([whose("claude-agent-one"), whose("claude-agent-two")]).toEqual([["one"], ["two"]]);
  const image = reviewed.plan.steps.find(({ name }) => name.startsWith("agent-sessions-session:"));
  expect(image?.sessions).toEqual(["one", "two"]);
});

test("what is destroyed with a session is its own alone", () => {
  const own = resourcesOf(reviewed.plan.run.registrations, ["two"]).get("two") ?? [];
  expect(own.length).toBeGreaterThan(5);
  expect(own.filter(({ name }) => !/^two/.test(name))).toEqual([]);
});

test("a platform that does not answer says where it was looked for", async () => {
  const platform = await platformOf(source);
  expect(await platform.reach()).toBeUndefined();
  await expect(platform.open()).rejects.toThrow("no container engine answers at unix:///nowhere/docker.sock (DOCKER_HOST); start it");
});
