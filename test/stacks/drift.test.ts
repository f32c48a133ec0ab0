import { expect, test } from "vitest";
import { inputsNow } from "../../stacks/embedded/drift.ts";

const MiB = 1024 ** 2;
const labels = [
  { label: "pids_limit", value: "64" },
  { label: "session_id", value: "a" },
];
const inputs = {
  memory: 256,
  memorySwap: 256,
  cpus: "0.5",
  restart: "always",
  labels,
  networksAdvanced: [{ name: "own", aliases: ["a"] }],
};
const host = { Memory: 256 * MiB, MemorySwap: 256 * MiB, NanoCpus: 5e8, PidsLimit: 64, RestartPolicy: { Name: "always" } };
const now = (changed: object = {}, networks: readonly string[] = ["own"], own: object = { session_id: "a" }) =>
  ({
    HostConfig: { ...host, ...changed },
    Config: { Labels: own },
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, {}])) },
  }) as unknown as Parameters<typeof inputsNow>[1];

test("a container that nobody has changed has the inputs that it was made from", () => {
  expect(inputsNow(inputs, now())).toEqual(inputs);
});

test.each([
  [{ Memory: 512 * MiB }, { memory: 512 }],
  [{ MemorySwap: 512 * MiB }, { memorySwap: 512 }],
  [{ NanoCpus: 2e9 }, { cpus: "2.0" }],
  [{ RestartPolicy: { Name: "no" } }, { restart: "no" }],
  [{ PidsLimit: null }, { labels: [{ label: "pids_limit", value: "0" }, labels[1]] }],
  [{ PidsLimit: 100 }, { labels: [{ label: "pids_limit", value: "100" }, labels[1]] }],
])("%j is another input", (changed, differs) => {
  expect(inputsNow(inputs, now(changed))).toEqual({ ...inputs, ...differs });
});

test("networks that were added and taken away are others, of a session", () => {
  expect(inputsNow(inputs, now({}, ["own", "lan"])).networksAdvanced).toEqual([{ name: "lan" }, { name: "own", aliases: ["a"] }]);
  expect(inputsNow(inputs, now({}, [])).networksAdvanced).toEqual([]);
  expect(inputsNow(inputs, now({}, ["own", "lan"], { serves: "a", kind: "egress-proxy" }))).toEqual(inputs);
});

test("what an engine cannot limit, or what nobody asked for, is no change", () => {
  expect(inputsNow(inputs, now({ Memory: 0, MemorySwap: -1, NanoCpus: 0 }))).toEqual(inputs);
  expect(inputsNow({ networkMode: "none" }, now())).toEqual({ networkMode: "none" });
  for (const job of [
    { ...inputs, mustRun: false },
    { ...inputs, start: false },
  ])
    expect(inputsNow(job, now({ PidsLimit: null, Memory: 512 * MiB }))).toEqual(job);
});
