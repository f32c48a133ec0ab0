import { Container, Image, Network, Service, Volume } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import type { Report } from "../../policy/evaluate.ts";
import { ownLabels } from "../../stacks/embedded/labels.ts";
import { emptyLive, readLive } from "../../stacks/embedded/live.ts";
import { planDeployment, type PlanOptions } from "../../stacks/embedded/plan.ts";
import { changes, conflictsOf, judged, limitTo } from "../../stacks/recorder/plan.ts";
import { concealSecrets } from "../../stacks/recorder/secret-inputs.ts";

/** What is to happen to objects, told from what an engine lists; no engine is asked. */

const identity = { project: "p", stack: "s", deployment: "0123456789abcdef" };
const labels = (all: Record<string, string>) => Object.entries(all).map(([label, value]) => ({ label, value }));
const of = { created_by: "agent-sessions", session_id: "one" };
const fixed = {
  name: "c-one",
  image: "sha256:1",
  user: "1000:1000",
  mustRun: true,
  labels: labels(of),
};

interface Wanted {
  readonly container?: object;
  readonly none?: boolean;
  readonly authority?: readonly string[];
}

const granted = ["session one: root", "session one: a.example", "what all have"];

const program =
  ({ container = {}, none = false, authority = granted }: Wanted = {}) =>
  async () => {
    if (none) return {};
    const network = new Network("n", { name: "n-one", labels: labels(of) });
    new Volume("v", { name: "c-one-session", labels: labels(of) }, { retainOnDelete: true });
    new Container("c", { ...fixed, ...container }, { dependsOn: [network], replaceWith: [network] });
    return { authority };
  };

/** Objects as the engine lists them when this program was rolled out, each changed by what a case says of it. */
async function listed(edits: Readonly<Record<string, Record<string, unknown> | undefined>> = {}, wanted: Wanted = {}): Promise<Docker> {
  const { run } = await planDeployment({ ...identity, identity, live: emptyLive(identity), program: program(wanted) });
  const objects = run.registrations.flatMap((registration) => {
    const kind = registration.type.split(":").at(-1) ?? "";
    const own = registration.inputs.labels as { label: string; value: string }[] | undefined;
    const Labels = {
      ...Object.fromEntries((own ?? []).map(({ label, value }) => [label, value])),
      ...ownLabels(identity, registration, concealSecrets(registration.inputs)),
    };
    const Name = String(registration.inputs.name);
    return kind in edits && edits[kind] === undefined ? [] : [{ kind, Name, Labels, ...edits[kind] }];
  });
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);
  return {
    listContainers: async () =>
      ofKind("Container").map((one) => ({ Id: "id-c", Names: ["/c-one"], State: "running", Status: "Up", Mounts: [], ...one })),
    listNetworks: async () => ofKind("Network").map((one) => ({ Id: "id-n", ...one })),
    listServices: async () => [],
    listSecrets: async () => [],
    listConfigs: async () => [],
    listVolumes: async () => ({ Volumes: ofKind("Volume").map((one) => ({ Options: null, ...one })) }),
  } as unknown as Docker;
}

async function planned(docker: Docker, wanted: Wanted = {}, more: Partial<PlanOptions> = {}) {
  const plan = await planDeployment({ ...identity, identity, live: await readLive(docker, identity), program: program(wanted), ...more });
  const operations = Object.fromEntries(plan.steps.map(({ name, operation }) => [name, operation]));
  return { ...plan, operations, conflicts: conflictsOf(plan), changed: changes(plan) };
}

const unchanged = { "n-one": "same", "c-one-session": "same", "c-one": "same" };

describe("of what is ours", () => {
  test("nothing is done where all is as it should be", async () => {
    const plan = await planned(await listed(), {}, { authority: granted });
    expect(plan.operations).toEqual(unchanged);
    expect([plan.changed, plan.conflicts, plan.authority]).toEqual([false, [], { added: [], removed: [] }]);
    expect(plan.steps.map(({ restarts }) => restarts)).toEqual([undefined, undefined, undefined]);
    expect(plan.steps.map(({ live }) => live?.id).sort()).toEqual(["c-one-session", "id-c", "id-n"]);
  });

  test("all is made where nothing is", async () => {
    // What was kept is of a deployment that is gone.
    const docker = await listed({ Container: undefined, Network: undefined, Volume: undefined });
    const plan = await planned(docker, {}, { authority: granted });
    expect(plan.operations).toEqual({ "n-one": "create", "c-one-session": "create", "c-one": "create" });
    expect([plan.changed, plan.authority]).toEqual([true, { added: [...granted].sort(), removed: [] }]);
    const { urn: _, ...step } = plan.steps.find(({ name }) => name === "c-one") ?? {};
    expect(step).toEqual({
      operation: "create",
      type: "docker:index/container:Container",
      name: "c-one",
      changes: [],
      sessions: ["one"],
    });
  });

  test("a container with other inputs is made anew, and the plan says what differs and whom it interrupts", async () => {
    const plan = await planned(await listed(), { container: { image: "sha256:2", hostname: "x" } });
    expect(plan.operations).toEqual({ ...unchanged, "c-one": "replace" });
    const step = plan.steps.find(({ name }) => name === "c-one");
    expect([step?.restarts, step?.changes]).toEqual([
      "one",
      [
        { key: "hostname", before: undefined, after: "x" },
        { key: "image", before: "sha256:1", after: "sha256:2" },
      ],
    ]);
  });

  test("a secret is compared by its hash, and never told", async () => {
    const secretly = (value: string) => ({ container: { envs: [pulumi.secret(`KEY=${value}`)] } });
    const docker = await listed({}, secretly("hunter2"));
    expect((await planned(docker, secretly("hunter2"))).operations).toEqual(unchanged);
    const plan = await planned(docker, secretly("hunter3"));
    expect(plan.operations).toEqual({ ...unchanged, "c-one": "replace" });
    expect(JSON.stringify(plan.steps)).not.toContain("hunter");
  });

  test("what is made anew has no id yet for what is made from it", async () => {
    const withId = (options: object) => async () => {
      const network = new Network("n", { name: "n-one", labels: labels(of), ...options });
      new Container("c", { ...fixed, hostname: network.id }, { dependsOn: [network] });
      return {};
    };
    const live = await readLive(await listed({ Container: undefined }), identity);
    const hostname = async (options: object) => {
      const { run } = await planDeployment({ ...identity, identity, live, program: withId(options) });
      return run.registrations.find(({ name }) => name === "c")?.inputs.hostname;
    };
    expect(await hostname({})).toBe("id-n");
    expect(await hostname({ internal: true })).not.toBe("id-n");
  });

  test("a container whose network is made anew is made anew with it", async () => {
    expect((await planned(await listed({ Network: undefined }))).operations).toEqual({
      "n-one": "create",
      "c-one-session": "same",
      "c-one": "replace",
    });
  });

  test("authority that is gone is told as well, and that of a session that is not there is no news; none of it is a reason to do anything", async () => {
    const authority = ["session one: a.example", "session one: b.example"];
    const plan = await planned(await listed(), { authority }, { authority: [...granted, "session two: c.example"] });
    expect(plan.authority).toEqual({ added: ["session one: b.example"], removed: ["session one: root", "what all have"] });
    expect(plan.operations).toEqual(unchanged);
  });

  test("a container that an earlier version made, with its authority in a label, stays as it is", async () => {
    const container = { labels: labels({ ...of, authority: "session one: root" }) };
    expect((await planned(await listed({}, { container }))).operations).toEqual(unchanged);
  });

  test.each([
    ["1000:1000", "10001:1000", "1000", "10001", "shared"],
    ["10001:1000", "1000:1000", "10001", "1000", "10001"],
  ])("a session whose data is of user %s is not given to %s", async (before, after, from, to, write) => {
    const Mounts = ["c-one-workspace", "c-one-session", "agent-repository-x"].map((Name) => ({ Type: "volume", Name }));
    const docker = await listed({ Container: { Mounts: [...Mounts, { Type: "bind", Name: "" }] } }, { container: { user: before } });
    expect((await planned(docker, { container: { user: after } })).conflicts).toEqual([
      `session one has data of uid ${from} and would run as uid ${to}; write "uid: ${write}" for it, or remove its data with "docker rm -f c-one" and "docker volume rm c-one-session c-one-workspace"`,
    ]);
  });

  test("a plan for some sessions holds their steps and conflicts, and none of others", async () => {
    const Mounts = [{ Type: "volume", Name: "c-one-session" }];
    const docker = await listed({ Container: { Mounts } }, { container: { user: "10001:1000" } });
    const plan = await planned(docker);
    const finding = {
      rule: "X",
      resource: "urn::c-one",
      message: "No.",
      remediation: "Mend it.",
      verdict: "violation",
      enforcement: "mandatory",
    };
    const report = { findings: [finding] } as unknown as Report;
    const ofPolicy = "policy X: c-one: No. Mend it.";
    const narrowed = (id: string) => {
      const { plan: limited, refusals } = limitTo(judged(plan, report), [id]);
      return { steps: limited.steps.map(({ name }) => name).sort(), refusals };
    };
    expect(plan.conflicts).toHaveLength(1);
    expect(narrowed("one")).toEqual({ steps: Object.keys(unchanged).sort(), refusals: [...plan.conflicts, ofPolicy] });
    expect(narrowed("two")).toEqual({ steps: [], refusals: [ofPolicy] });
  });

  test("what serves a session may be given another user", async () => {
    const container = { labels: labels({ created_by: "agent-sessions", serves: "one" }) };
    const plan = await planned(await listed({}, { container }), { container: { ...container, user: "2:2" } });
    expect([plan.operations["c-one"], plan.conflicts]).toEqual(["replace", []]);
    expect(plan.steps.find(({ name }) => name === "c-one")?.restarts).toBeUndefined();
  });

  test.each([
    ["running", "Up 3 minutes", {}, "same"],
    ["restarting", "Restarting (1)", {}, "same"],
    ["exited", "Exited (0) 2 minutes ago", {}, "start"],
    ["created", "Created", {}, "start"],
    ["paused", "Up (Paused)", {}, "start"],
    ["dead", "Dead", {}, "replace"],
    ["removing", "Removal In Progress", {}, "replace"],
    ["exited", "Exited (0) 2 minutes ago", { mustRun: false }, "same"],
    ["exited", "Exited (1) 2 minutes ago", { mustRun: false }, "replace"],
    ["created", "Created", { mustRun: false }, "replace"],
    ["running", "Up", { mustRun: false }, "replace"],
    ["created", "Created", { mustRun: false, start: false }, "same"],
    ["dead", "Dead", { start: false }, "same"],
    ["created", "Created", { mustRun: false, start: false, attach: true }, "replace"],
  ])("a container that is %s (%s), wanted with %j: %s", async (State, Status, container, operation) => {
    const plan = await planned(await listed({ Container: { State, Status } }, { container }), { container });
    expect(plan.operations["c-one"]).toBe(operation);
    const interrupts = operation !== "same" && State === "running";
    expect(plan.steps.find(({ name }) => name === "c-one")?.restarts).toBe(interrupts ? "one" : undefined);
  });

  test("a volume is never changed: its data would be lost", async () => {
    const docker = await listed();
    const { Volumes } = await docker.listVolumes();
    const [made] = Volumes;
    const inputs = (await planned(docker)).run.registrations.find(({ type }) => type.endsWith(":Volume"));
    if (made === undefined || inputs === undefined) throw new Error("no volume");
    made.Labels = { ...made.Labels, ...ownLabels(identity, inputs, { ...inputs.inputs, driver: "other", a: 1 }) };
    const plan = await planned({ ...docker, listVolumes: async () => ({ Volumes, Warnings: [] }) } as unknown as Docker);
    expect([plan.operations, plan.conflicts]).toEqual([
      unchanged,
      ['volume c-one-session cannot change (a, driver), as its data would be lost; remove it with "npx sessions down --delete-data" first'],
    ]);
  });

  test("what has left the program goes, but for data, unless that is to go too", async () => {
    const docker = await listed();
    const gone = await planned(docker, { none: true }, { authority: granted });
    expect(gone.operations).toEqual({ "c-one": "delete", "n-one": "delete", "c-one-session": "keep" });
    expect(gone.authority).toEqual({ added: [], removed: [...granted].sort() });
    expect(gone.steps.find(({ name }) => name === "c-one")).toMatchObject({
      type: "docker:index/container:Container",
      restarts: "one",
      changes: [],
    });
    expect((await planned(docker, { none: true }, { deleteData: true })).operations["c-one-session"]).toBe("delete");
    const volume = await listed({ Container: undefined, Network: undefined });
    expect((await planned(volume, { none: true })).changed).toBe(false);
  });
});

describe("of what is somebody else's", () => {
  const strangers = { Labels: {} };
  const elsewhere = { Labels: { created_by: "agent-sessions", [labelNames.deployment]: "f".repeat(16) } };
  const pulumis = { Labels: { created_by: "agent-sessions" } };

  test.each([
    [strangers, "was not made by agent-sessions"],
    [elsewhere, "belongs to another checkout or stack"],
    [pulumis, "was made by another engine, such as the Pulumi CLI"],
  ])("a container or network %j is left alone unless it is to be taken over", async (edit, why) => {
    const docker = await listed({ Container: edit, Network: edit });
    const plan = await planned(docker);
    expect(plan.operations).toEqual(unchanged);
    expect(plan.conflicts).toEqual(
      ["network n-one", "container c-one"].map(
        (what) => `${what} is already there and ${why}; remove it, replace it with "--adopt", or rename the session`,
      ),
    );
    const adopted = await planned(docker, {}, { adopt: true });
    expect([adopted.operations, adopted.conflicts]).toEqual([{ ...unchanged, "n-one": "replace", "c-one": "replace" }, []]);
    expect((await planned(docker, { none: true })).operations).toEqual({ "c-one-session": "keep" });
  });

  test.each([
    [strangers, 'was not made by agent-sessions; remove it with "docker volume rm c-one-session"', false],
    [
      { ...pulumis, Options: { device: "/" } },
      'has options of its own, so its data may lie anywhere on the host; remove it with "docker volume rm c-one-session"',
      false,
    ],
    [pulumis, 'was made by another engine, such as the Pulumi CLI; take it over, data and all, with "--adopt"', true],
    [elsewhere, 'belongs to another checkout or stack; take it over, data and all, with "--adopt"', true],
  ])("a volume %j is never replaced, and taken over only where its data is a session's", async (edit, why, adoptable) => {
    const docker = await listed({ Volume: edit });
    const conflict = `volume c-one-session is already there and ${why}, or rename the session`;
    const plan = await planned(docker);
    expect([plan.operations, plan.conflicts]).toEqual([unchanged, [conflict]]);
    const adopted = await planned(docker, {}, { adopt: true });
    expect([adopted.operations, adopted.conflicts]).toEqual([unchanged, adoptable ? [] : [conflict]]);
  });

  test("a volume that a container of ours has mounted already was taken over before", async () => {
    const Mounts = [{ Type: "volume", Name: "c-one-session" }];
    expect((await planned(await listed({ Volume: pulumis, Container: { Mounts } }))).conflicts).toEqual([]);
  });
});

test.each([
  [true, []],
  [
    false,
    [
      "image registry.example/i:1 is to be pushed, which the embedded engine does not do; deploy this stack with the Pulumi CLI (--engine pulumi), or leave image.registry out",
    ],
  ],
])("an image that is pushed nowhere (%s) is built, and any other is refused before anything is touched", async (skipPush, conflicts) => {
  const program = async () => {
    new Image("i", { imageName: "registry.example/i:1", skipPush });
    return {};
  };
  const plan = await planDeployment({ ...identity, identity, live: emptyLive(identity), program });
  expect(conflictsOf(plan)).toEqual(conflicts);
});

test.each([
  [undefined, "create", true],
  ["sha256:7", "same", false],
])("an image of which the engine knows %s: %s, and what is made from it has that id", async (Id, operation, builds) => {
  const asked: string[] = [];
  const inspect = async () => (Id === undefined ? Promise.reject(new Error("none")) : { Id });
  const getImage = (name: string) => {
    asked.push(name);
    return { inspect };
  };
  const docker = { getImage } as unknown as Docker;
  const program = async () => {
    const { repoDigest } = new Image("i", { imageName: "i:1", skipPush: true });
    new Network("n", { name: repoDigest });
    return {};
  };
  const plan = await planDeployment({ ...identity, identity, live: emptyLive(identity), program, docker });
  const { urn, ...step } = plan.steps[0] ?? {};
  expect([asked, step]).toEqual([["i:1"], { operation, type: "docker:index/image:Image", name: "i:1", changes: [], builds }]);
  expect(urn).toBe("urn:pulumi:s::p::docker:index/image:Image::i");
  expect(plan.steps[1]?.name).toBe(Id ?? "n");
});

test("a clone's steps are those of the sessions that have it mounted, and a network's of the session that is called so", async () => {
  const repository = labels({ created_by: "agent-sessions", kind: "repository" });
  const mount = (source: string) => ({
    mounts: [
      { type: "tmpfs", target: "/t" },
      { type: "volume", source, target: "/x" },
    ],
  });
  const program = async () => {
    new Volume("r", { name: "agent-repository-r", labels: repository });
    new Network("n", { name: "c-one", labels: labels({ created_by: "agent-sessions" }) });
    new Network("m", { name: "nobodys", labels: labels({ created_by: "agent-sessions" }) });
    new Container("c", { ...fixed, name: "c-one", ...mount("agent-repository-r") });
    new Container("d", { ...fixed, name: "c-two", labels: labels({ ...of, session_id: "two" }), ...mount("agent-repository-s") });
    new Container("p", { ...fixed, name: "proxy", labels: labels({ created_by: "agent-sessions", serves: "two" }), ...mount("x") });
    new Service("e", {
      name: "c-three",
      labels: labels({ ...of, session_id: "three" }),
      taskSpec: { containerSpec: { image: "i", ...mount("agent-repository-r") } },
    });
    return {};
  };
  const { steps } = await planDeployment({ ...identity, identity, live: emptyLive(identity), program });
  expect(Object.fromEntries(steps.map(({ urn, sessions }) => [urn.split("::").at(-1), sessions?.toSorted()]))).toEqual({
    r: ["one", "three"],
    n: ["one"],
    m: undefined,
    c: ["one"],
    d: ["two"],
    p: ["two"],
    e: ["three"],
  });
});
