import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, release, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { toLogs } from "../../components/container-engine/hardened.ts";
import { parse } from "../../stacks/settings.ts";
import { logDriverRefusal, refuseLogDriver } from "../../stacks/strategies/log-driver.ts";

const sessions = [{ id: "a" }];

test.each([
  [undefined, undefined],
  [{}, { driver: "json-file" }],
  [{ driver: "local" }, { driver: "local" }],
  [{ driver: "journald" }, { driver: "journald" }],
  [
    { driver: "local", maxSize: "20 MB", maxFiles: 3 },
    { driver: "local", maxSize: 20 * 1024 ** 2, maxFiles: 3 },
  ],
])("logs: %j are read", (logs, read) => {
  expect(parse({ sessions, ...(logs !== undefined && { logs }) }).logs).toEqual(read);
});

test.each([
  [{ driver: "none" }, 'logs.driver: "none" is not a log driver that can be read again; write json-file, local or journald.'],
  [{ driver: "local", maxFiles: 1 }, "logs.maxFiles: 1 is too small; write a number from 2 to 1000."],
  [{ maxSize: "10" }, 'logs.maxSize: "10" is not a size; write "20 MB".'],
  [
    { driver: "journald", maxFiles: 2 },
    "logs.maxFiles: 2 is not for journald, which rotates by itself; remove it, and set SystemMaxUse in journald.conf.",
  ],
])("logs: %j are refused", (logs, sentence) => {
  expect(() => parse({ sessions, logs })).toThrow(sentence);
});

test("each driver is told what it knows, and what has sizes of its own keeps them", () => {
  const own = { maxSizeMegabytes: 1, maxFiles: 2 };
  expect(toLogs()).toEqual({ logDriver: "json-file", logOpts: { "max-size": "50m", "max-file": "10" } });
  expect(toLogs(undefined, own)).toEqual({ logDriver: "json-file", logOpts: { "max-size": "1m", "max-file": "2" } });
  const local = { driver: "local", maxSize: 20 * 1024 ** 2 } as const;
  expect(toLogs(local)).toEqual({ logDriver: "local", logOpts: { "max-size": "20m", "max-file": "10" } });
  expect(toLogs(local, own)).toEqual({ logDriver: "local", logOpts: { "max-size": "1m", "max-file": "2" } });
  expect(toLogs({ driver: "journald" }, own)).toEqual({ logDriver: "journald" });
});

const here = { Name: hostname(), KernelVersion: release() };
const known = ["awslogs", "journald", "json-file", "local"];

test.each([
  ["json-file, which every engine takes by that name", "json-file", { ...here, Plugins: { Log: ["k8s-file"] } }, undefined],
  ["local", "local", { ...here, Plugins: { Log: known } }, undefined],
  [
    "local on Podman",
    "local",
    { ...here, Plugins: { Log: ["k8s-file", "journald"] } },
    "is no log driver of this engine, which has k8s-file, journald; write one of these",
  ],
  [
    "journald without a journal",
    "journald",
    { ...here, Plugins: { Log: known } },
    "is not enabled on this machine, where no journald runs; start systemd-journald, or write json-file or local",
  ],
  ["journald of another machine", "journald", { Name: "far", KernelVersion: "6", Plugins: { Log: known } }, undefined],
])("%s", (_, driver, info, refusal) => {
  expect(logDriverRefusal(driver, info, "/no/journal")).toBe(refusal);
});

test("journald is taken where there is a journal", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-journal-"));
  expect(logDriverRefusal("journald", { ...here, Plugins: { Log: known } }, folder)).toBeUndefined();
  rmSync(folder, { recursive: true });
});

test("what the engine has no driver for is refused with key, value and way out, before anything is registered", async () => {
  const engine = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...here, Plugins: { Log: ["journald"] } }));
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  const found = { address: `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`, source: "settings" };
  await expect(refuseLogDriver(parse({ sessions, logs: { driver: "local" } }), connectEngine(found))).rejects.toThrow(
    'logs.driver: "local" is no log driver of this engine, which has journald; write one of these.',
  );
  await refuseLogDriver(parse({ sessions, logs: {} }), connectEngine(found));
  await refuseLogDriver(parse({ sessions }), connectEngine(found));
  engine.close();
});
