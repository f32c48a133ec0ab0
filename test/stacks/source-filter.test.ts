import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { examineMachine } from "../../stacks/platforms/docker/machine.ts";
import { sourceFilter } from "../../stacks/platforms/docker/source-filter.ts";
import { parse } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

/** The kernel's settings as files. */
function settings(values: Readonly<Record<string, number>>): string {
  const folder = temporaryFolder("filter");
  for (const [name, value] of Object.entries(values)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "rp_filter"), `${value}\n`);
  }
  return folder;
}

test.each([
  ["filtered for all", { all: 2, default: 0, "br-1": 0 }, "ok", "on"],
  ["filtered for each", { all: 0, default: 1, "br-1": 2, docker0: 0 }, "ok", "on"],
  ["new ones are not", { all: 0, default: 0, "br-1": 1 }, "note", "rp_filter is 0 for new bridges"],
  ["an old one is not", { all: 0, default: 2, "br-1": 0, "br-2": 2 }, "note", "rp_filter is 0 for br-1"],
  ["none is", { all: 0, default: 0, eth0: 0, "br-2": 0, "br-1": 0 }, "note", "rp_filter is 0 for new bridges, br-1, br-2"],
])("sources: %s", (_, values, verdict, found) => {
  const [finding] = sourceFilter(settings(values));
  expect(finding).toMatchObject({ subject: "filter of sources", verdict, found });
  expect(finding?.means.includes("sysctl -w net.ipv4.conf.all.rp_filter=2")).toBe(verdict === "note");
});

test("of a machine that keeps no such setting nothing is said", () => {
  expect(sourceFilter(settings({}))).toEqual([]);
});

test("of a machine that is not this one nothing is said but that", async () => {
  const elsewhere = { info: async () => ({ Name: "elsewhere", KernelVersion: "1" }) } as unknown as Docker;
  const findings = await examineMachine(elsewhere, parse({ sessions: [] }), "/");
  expect(findings.map(({ subject, means }) => [subject, means])).toEqual(
    ["inotify", "free disk"].map((subject) => [subject, "the engine is on another machine; run doctor there"]),
  );
});
