import { expect, test } from "vitest";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { type Decision, decide, decideGone, type DecideOptions, type Wanted } from "../../stacks/embedded/decide.ts";
import type { LiveObject } from "../../stacks/embedded/live.ts";

/** What is to happen to one object, for each way that it can be there. Nothing is run, and no engine is asked. */

const deployment = "0123456789abcdef";
const inputs = { name: "c", image: "i", user: "1000:1000", mustRun: true };
const mine = { created_by: "agent-sessions", session_id: "one", [labelNames.deployment]: deployment };
const theirs = { ...mine, [labelNames.deployment]: "f".repeat(16) };
const pulumis = { created_by: "agent-sessions", session_id: "one" };

const container = (more: Partial<LiveObject> = {}): LiveObject => ({
  kind: "container",
  id: "id",
  name: "c",
  labels: mine,
  inputs,
  state: "running",
  volumes: ["c-session", "c-workspace", "other"],
  ...more,
});
const service = (more: Partial<LiveObject> = {}): LiveObject => ({ ...container(), kind: "service", ...more });
const ofTask = (user: string) => ({ name: "c", taskSpec: { containerSpec: { user } } });
const network = (more: Partial<LiveObject> = {}): LiveObject => ({ kind: "network", id: "id", name: "c", labels: mine, inputs, ...more });
const volume = (more: Partial<LiveObject> = {}): LiveObject => ({
  kind: "volume",
  id: "c",
  name: "c",
  labels: mine,
  inputs,
  options: {},
  ...more,
});

const job = { ...inputs, mustRun: false };
const kept = { ...inputs, mustRun: false, start: false };
const changed = { ...inputs, image: "j" };

type Case = readonly [
  what: string,
  live: LiveObject | undefined,
  decided: Decision["operation"],
  wanted?: Partial<Wanted>,
  options?: Partial<DecideOptions>,
  conflict?: RegExp,
];

const cases: readonly Case[] = [
  ["what is not there", undefined, "create"],
  ["what is not there, whatever changes with it", undefined, "create", { cause: true }, { adopt: true }],
  ["a container that runs", container(), "same"],
  ["one that starts again and again", container({ state: "restarting" }), "same"],
  ["one that has ended", container({ state: "exited", exitCode: 0 }), "start"],
  ["one that was made and never started", container({ state: "created" }), "start"],
  ["one that is paused", container({ state: "paused" }), "start"],
  ["one that is dead", container({ state: "dead" }), "replace"],
  ["one that is being removed", container({ state: "removing" }), "replace"],
  ["one with another input", container(), "replace", { inputs: changed }],
  ["one whose inputs nobody wrote down", container({ inputs: undefined }), "replace", {}, {}, /has data of uid undefined/],
  ["one whose network changes", container(), "replace", { cause: true }],
  ["one that has ended, whose network changes", container({ state: "exited" }), "replace", { cause: true }],
  ["a job that has ended well", container({ inputs: job, state: "exited", exitCode: 0 }), "same", { inputs: job }],
  ["a job that has failed", container({ inputs: job, state: "exited", exitCode: 1 }), "replace", { inputs: job }],
  ["a job that was never run", container({ inputs: job, state: "created" }), "replace", { inputs: job }],
  ["a job that somebody left running", container({ inputs: job }), "replace", { inputs: job }],
  ["a container that only carries files", container({ inputs: kept, state: "created" }), "same", { inputs: kept }],
  [
    "a session as another user",
    container(),
    "replace",
    { inputs: { ...inputs, user: "10001:1000" } },
    {},
    /^session one has data of uid 1000 and would run as uid 10001; write "uid: shared" for it, or .* "docker volume rm c-session c-workspace"$/,
  ],
  [
    "a proxy as another user",
    container({ labels: { ...mine, session_id: undefined } as never }),
    "replace",
    { inputs: { ...inputs, user: "0" } },
  ],
  ["a service whose task runs", service({ state: "running" }), "same"],
  ["a service whose task has ended", service({ state: "exited" }), "start"],
  ["a service that was stopped", service({ state: undefined }), "start"],
  ["a service with another input", service({ state: "exited" }), "replace", { inputs: changed }],
  [
    "a service's session as another user",
    service({ inputs: ofTask("1000:1000") }),
    "replace",
    { inputs: ofTask("10001:1000") },
    {},
    /^session one has data of uid 1000 and would run as uid 10001; /,
  ],
  ["a network", network(), "same"],
  ["a network with another input", network(), "replace", { inputs: changed }],
  ["a volume", volume(), "same"],
  [
    "a volume with another input",
    volume(),
    "same",
    { inputs: changed },
    {},
    /^volume c cannot change \(image\), as its data would be lost/,
  ],
  [
    "a volume with another input, to be taken over",
    volume(),
    "same",
    { inputs: changed },
    { adopt: true, deleteData: true },
    /cannot change/,
  ],
  ["a volume whose network changes", volume(), "same", { cause: true }],
  [
    "a stranger's container",
    container({ labels: {} }),
    "same",
    {},
    {},
    /^container c is already there and was not made by agent-sessions; /,
  ],
  ["another checkout's", container({ labels: theirs }), "same", {}, {}, /^container c .* belongs to another checkout or stack; /],
  ["the Pulumi CLI's", container({ labels: pulumis }), "same", {}, {}, /^container c .* by another engine, such as the Pulumi CLI; /],
  ["a stranger's network", network({ labels: {} }), "same", { inputs: changed }, {}, /^network c is already there/],
  ["a stranger's container, to be taken over", container({ labels: {} }), "replace", {}, { adopt: true }],
  ["another checkout's network, to be taken over", network({ labels: theirs }), "replace", {}, { adopt: true }],
  [
    "a stranger's volume",
    volume({ labels: {} }),
    "same",
    {},
    {},
    /^volume c is already there and was not made by agent-sessions; remove it with "docker volume rm c", or rename/,
  ],
  [
    "a stranger's volume, to be taken over",
    volume({ labels: {} }),
    "same",
    {},
    { adopt: true },
    /was not made by agent-sessions; remove it/,
  ],
  [
    "another checkout's volume",
    volume({ labels: theirs }),
    "same",
    {},
    {},
    /belongs to another checkout or stack; take it over, data and all, with "--adopt"/,
  ],
  ["another checkout's volume, to be taken over", volume({ labels: theirs }), "same", {}, { adopt: true }],
  ["the Pulumi CLI's volume, to be taken over", volume({ labels: pulumis, inputs: undefined }), "same", {}, { adopt: true }],
  [
    "a bind in disguise, to be taken over",
    volume({ labels: pulumis, options: { device: "/" } }),
    "same",
    {},
    { adopt: true },
    /has options of its own/,
  ],
  ["the Pulumi CLI's volume that ours has mounted", volume({ labels: pulumis }), "same", {}, { inUse: true }],
];

test.for(cases)("%s", ([, live, decided, wanted = {}, options = {}, conflict]) => {
  const decision = decide({ name: "c", inputs, cause: false, ...wanted }, live, { deployment, inUse: false, ...options });
  expect(decision.operation).toBe(decided);
  if (conflict === undefined) expect(decision.conflict).toBeUndefined();
  else expect(decision.conflict).toMatch(conflict);
  // Of what is not ours nobody says how it differs.
  if (live?.labels[labelNames.deployment] !== deployment) expect(decision.changes).toEqual([]);
  // Nothing that is somebody's data is ever replaced.
  if (live?.kind === "volume") expect(decision.operation).toBe("same");
});

test("what differs is told by key, sorted, with both values", () => {
  const { changes } = decide({ name: "c", inputs: { ...inputs, image: "j", a: [1] }, cause: false }, container(), {
    deployment,
    inUse: false,
  });
  expect(changes).toEqual([
    { key: "a", before: undefined, after: [1] },
    { key: "image", before: "i", after: "j" },
  ]);
});

test.each([
  ["a container", container(), {}, "delete"],
  ["a volume without data to keep", volume(), {}, "delete"],
  ["a volume with data", volume({ labels: { ...mine, [labelNames.retain]: "true" } }), {}, "keep"],
  ["a volume with data that is to go", volume({ labels: { ...mine, [labelNames.retain]: "true" } }), { deleteData: true }, "delete"],
] as const)("%s that has left the program", (_, live, options, decided) => {
  expect(decideGone(live, options)).toBe(decided);
});
