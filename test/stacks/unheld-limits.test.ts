import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { judgeLimits, type LimitingEngine } from "../../components/container-engine/unheld-limits.ts";
import { type EngineInfo, examineLimits, examineServices } from "../../stacks/platforms/docker/examine.ts";
import { refuseUnheldLimits } from "../../stacks/strategies/unheld-limits.ts";

/** What Podman 4.3.1 answers that a user without rights runs on control groups of version 1. */
const rootless = {
  MemoryLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  SwapLimit: true,
  CgroupDriver: "cgroupfs",
  CgroupVersion: "1",
  SecurityOptions: ["name=seccomp,profile=default"],
  Rootless: true,
};
const all = ["cpuset", "cpu", "io", "memory", "pids"];

/** What is said of an engine that answers so to each path. */
async function refusalOf(kind: "docker" | "podman", answers: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const engine = createServer(({ url = "" }, response) => {
    response.statusCode = url in answers ? 200 : 404;
    response.setHeader("content-type", "application/json").end(JSON.stringify(answers[url] ?? { message: "none" }));
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  const address = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  const found = { address, source: "settings" };
  return refuseUnheldLimits(connectEngine(found), kind, found)
    .then(
      () => undefined,
      (error: Error) => error.message.replace(address, "ADDRESS"),
    )
    .finally(() => engine.close());
}

test.each<[string, LimitingEngine, readonly string[], string | undefined, RegExp]>([
  ["has all", rootless, all, undefined, /^$/],
  ["is rootless on version 1", rootless, [], "memory, processor time and processes", /root's alone; boot with systemd\.unified_cgroup/],
  ["is rootless on version 2", { ...rootless, CgroupVersion: "2" }, ["memory", "pids"], "processor time", /Delegate=cpu"/],
  [
    "Docker calls rootless",
    { SecurityOptions: ["name=rootless"], CgroupVersion: "2" },
    ["cpu"],
    "memory and processes",
    /Delegate=memory pids"/,
  ],
  ["is root's on such a kernel", { CgroupVersion: "1" }, ["cpu", "pids"], "memory", /no controller for that; boot a kernel/],
])("of an engine that %s", (_, info, given, of, reason) => {
  const found = judgeLimits(info, given);
  expect(found?.of).toBe(of);
  expect(found === undefined ? "" : `${found.why}; ${found.wayOut}`).toMatch(reason);
});

describe("before anything is registered", () => {
  const libpod = "/v4.0.0/libpod/info";

  test("a rootless Podman is refused that says in Docker's words that it has all limits", async () => {
    expect(await refusalOf("podman", { "/info": rootless, [libpod]: { host: { cgroupControllers: [] } } })).toBe(
      "The settings need a change: limits: the engine at ADDRESS takes limits of memory, processor time and processes and holds none: it is rootless, and control groups of version 1 are root's alone; boot with systemd.unified_cgroup_hierarchy=1, or have root's engine run the sessions.",
    );
  });

  test("one that has them is taken", async () => {
    expect(await refusalOf("podman", { "/info": rootless, [libpod]: { host: { cgroupControllers: all } } })).toBeUndefined();
  });

  test("one that is too old to say is named", async () => {
    expect(await refusalOf("podman", { "/info": rootless })).toBe(
      "The settings need a change: limits: of the engine at ADDRESS nothing is known: Podman before 4 does not say which limits it holds; take a later one.",
    );
  });

  test("Docker Engine is refused by what it says, and one that says nothing is not", async () => {
    expect(await refusalOf("docker", { "/info": { PidsLimit: false, CgroupVersion: "2" } })).toMatch(
      /takes limits of processes and holds none/,
    );
    expect(await refusalOf("docker", { "/info": {} })).toBeUndefined();
    expect(await refusalOf("docker", {})).toBeUndefined();
  });
});

describe("doctor", () => {
  const info = { ...rootless, Name: "here", KernelVersion: "6", MemTotal: 0, DockerRootDir: "/" } satisfies EngineInfo;

  test("says which limits are missing, and why", () => {
    const [processes, others] = examineLimits(info, judgeLimits(info, ["memory"]));
    expect(processes).toMatchObject({
      verdict: "missing",
      found: "not there",
      means: expect.stringMatching(/^no session starts: it is rootless/),
    });
    expect(others).toMatchObject({ verdict: "missing", found: "none for processor time" });
    expect(examineLimits(info).slice(0, 2)).toMatchObject([{ verdict: "ok" }, { verdict: "ok" }]);
  });

  test.each([
    [true, ["ok", "ok", "note"], "systemctl --user enable podman-restart"],
    [false, ["ok", "missing", "note"], "run up after it"],
    [undefined, ["ok", "note", "note"], "systemctl --user enable podman-restart"],
  ])("says what systemd does for Podman where its being there is %s", (systemd, verdicts, means) => {
    const findings = examineServices(info, systemd);
    expect(findings.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(findings.at(-1)?.means).toContain(means);
  });
});
