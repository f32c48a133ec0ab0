import { expect, test } from "vitest";
import { isRefusedTrial, suggest, summarize } from "../../stacks/cli/egress-record.ts";

const line = (host: string, port: number, verdict: string, time = "2026-01-01T00:00:00Z", by = "-") =>
  JSON.stringify({ time, method: "GET", host, port: String(port), verdict, by, status: 200, received: 10, sent: 2, result: "TCP_MISS" });

test("requests are summed up by host, port and verdict; what is no record is left out", () => {
  const record = [
    line("b.com", 443, "unlisted"),
    line("a.com", 443, "allowed"),
    line("a.com", 443, "allowed", "2026-01-02T00:00:00Z"),
    line("a.com", 80, "allowed"),
    line("c.com", 80, "invented"),
    "Squid says something",
    '{"time":"2026-01-0',
  ].join("\n");
  expect(summarize(record)).toEqual([
    { host: "a.com", port: 80, verdict: "allowed", requests: 1, received: 10, sent: 2, last: "2026-01-01T00:00:00Z" },
    { host: "a.com", port: 443, verdict: "allowed", requests: 2, received: 20, sent: 4, last: "2026-01-02T00:00:00Z" },
    { host: "b.com", port: 443, verdict: "unlisted", requests: 1, received: 10, sent: 2, last: "2026-01-01T00:00:00Z" },
  ]);
});

test("a suggestion names what was not on the list, once, and no address", () => {
  const record = [
    line("b.com", 443, "unlisted"),
    line("b.com", 80, "unlisted"),
    line("d.com", 8443, "audited"),
    line("a.com", 443, "allowed"),
    line("169.254.169.254", 80, "unlisted"),
    line("[::1]", 80, "unlisted"),
    line("in.corp", 443, "address"),
    line("x%22.com", 80, "unlisted"),
  ].join("\n");
  expect(suggest(summarize(record))).toEqual(["b.com", "d.com:8443"]);
});

test("what verify tried is kept apart and suggests nothing", () => {
  const trial = (host: string, verdict: string) => line(host, 443, verdict, "2026-01-01T00:00:00Z", "verify");
  const asked = summarize([trial("a.com", "unlisted"), line("a.com", 443, "unlisted"), trial("b.com", "allowed")].join("\n"));
  expect(asked.map(({ host, verify, requests }) => [host, verify, requests])).toEqual([
    ["b.com", true, 1],
    ["a.com", true, 1],
    ["a.com", undefined, 1],
  ]);
  // What got out is shown, whoever says to have tried it.
  expect(asked.map(isRefusedTrial)).toEqual([false, true, false]);
  expect(suggest(asked)).toEqual(["a.com"]);
});
