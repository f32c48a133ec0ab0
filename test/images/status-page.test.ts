import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Alert } from "../../images/supervisor/files/alerts.ts";
import { page } from "../../images/supervisor/files/page.ts";
import { serve } from "../../images/supervisor/files/server.ts";
import type { State } from "../../images/supervisor/files/session-state.ts";
import { Watched } from "../../images/supervisor/files/watched.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Browser } from "../support/chromium.ts";
import { missing } from "../support/missing.ts";

const chromium = which("chromium");
if (chromium === undefined) missing("tests of the status page need Debian's package chromium");
const hostile = `"><img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
const now = Date.parse("2026-01-01T12:00:00Z");

/** A session with an hour behind it, that says what an agent could make it say. */
function watched(id: string, state: State, why?: string): Watched {
  const session = new Watched(id);
  const limits = {
    modelProxy: false,
    restarts: 1,
    cpuLimit: 2,
    memoryLimit: 4 * 1024 ** 3,
    processesLimit: 512,
    diskLimit: 20 * 1024 ** 3,
  };
  session.facts = {
    container: `claude-agent-${id}`,
    image: "i",
    state,
    ...(why !== undefined && { why }),
    ...limits,
    created: now / 1000 - 9000,
  };
  session.disk = { workspace: 3 * 1024 ** 3, session: 1024 ** 2 };
  let cpuSeconds = 0;
  for (let round = 0; round < 360; round++) {
    cpuSeconds += 10 * (1 + Math.sin(round / 20));
    const sample = { at: now + round * 10_000, cpuSeconds, onlineCpus: 4, memory: (1 + round / 180) * 1024 ** 3, memoryLimit: 0 };
    const moved = { received: round * 1e6, transmitted: round * 1e4, blockRead: 0, blockWritten: 0 };
    session.measured("c", round > 100 && round < 130 ? undefined : { ...sample, processes: 9, ...moved });
  }
  return session;
}

const first = watched("review-bot", "healthy");
const broken = watched("broken", "failed", `exit 3, 4 starts ${hostile}`);
for (const host of [hostile, "tracker.example", "x".repeat(250)])
  first.egress.add(JSON.stringify({ time: "2026-01-01T11:00:00Z", host, port: "443", verdict: "unlisted", by: "-" }), true);
const alert = { name: "SessionMemoryHigh", severity: "critical", session: "review-bot", since: "2026-01-01T11:59:00Z" };
const alerts: Alert[] = [
  { ...alert, summary: `review-bot uses 95 % of its memory ${hostile}`, silenced: false },
  { name: "Watchdog", severity: "none", session: "", since: "", summary: "", silenced: false },
];
const view = {
  stack: "agent-sessions/single-node",
  strategy: "single-node",
  sessions: [first, broken, new Watched("new"), ...["a", "b", "c", "d"].map((id) => watched(`worker-${id}`, "healthy"))],
  authority: ["session review-bot: egress to api.anthropic.com:443", `session broken: ${hostile}`],
  machine: { cpuRatio: 0.5, memory: 16e9, memoryAvailable: 9e9, disk: 200e9, diskFree: 80e9, load1: 0.7 },
  round: { at: now - 4000, seconds: 0.2, failed: false },
  cleanUp: { last_run: "2026-01-01T03:00:00Z", outcome: "ok" },
  gateway: undefined,
  alerts,
  now,
};

describe.skipIf(chromium === undefined)("the status page in a browser", () => {
  let browser: Browser;
  let server: Server;
  let address = "";

  beforeAll(async () => {
    const metrics = async () => ({ body: "", type: "text/plain" });
    server = serve({ metrics, fault: () => undefined, page: async (refresh) => page({ ...view, refresh }) }).listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await Browser.start();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  /** Kept where somebody asks for it, to be looked at. */
  const keep = async (name: string) => {
    const { PICTURES: folder } = process.env;
    if (folder !== undefined) writeFileSync(`${folder}/${name}.png`, await browser.picture());
  };

  test("shows sessions, curves, alerts and hosts in its own style, and loads nothing else", async () => {
    browser.requested.length = 0;
    await browser.open(`${address}/?still`, 1280, 900);
    await keep("wide");
    expect(browser.requested).toEqual([`${address}/?still`]);
    expect(browser.complaints).toEqual([]);
    expect(await browser.value("document.title")).toBe("1 failed, 5 healthy · agent-sessions/single-node");
    const shown = String(await browser.value("document.body.innerText"));
    for (const text of [
      "4 seconds ago",
      "exit 3, 4 starts",
      "tracker.example:443",
      "critical SessionMemoryHigh",
      "api.anthropic.com",
      "75 %",
    ])
      expect(shown).toContain(text);
    expect(shown).not.toContain("Watchdog");
    // What needs somebody comes first.
    expect(await browser.value("document.querySelector('.sessions h3').textContent")).toBe("broken");
    expect(await browser.value("getComputedStyle(document.querySelector('.sessions')).display")).toBe("grid");
    expect(await browser.value("document.querySelector('svg').getBoundingClientRect().height > 30")).toBe(true);
    // Two stretches, as nothing was known between them.
    expect(await browser.value("document.querySelector('path').getAttribute('d').split('M').length")).toBe(3);
  });

  test("takes for text whatever an agent has others write there, and would run none of it", async () => {
    await browser.open(`${address}/?still`, 1280, 900);
    expect(await browser.value("[document.scripts.length, document.images.length]")).toEqual([0, 0]);
    expect(await browser.value("document.body.innerText.split('onerror').length")).toBe(5);
    browser.complaints.length = 0;
    await browser.value(
      "{ const script = document.createElement('script'); script.textContent = 'document.title = 1'; document.body.append(script); }",
    );
    await browser.value("new Promise((done) => { const image = new Image(); image.onerror = done; image.src = '/health'; })");
    expect(browser.complaints).toHaveLength(2);
    expect(await browser.value("document.title")).not.toBe("1");
  });

  test("fits a phone, and has nothing cut off", async () => {
    await browser.open(`${address}/?still`, 360, 740);
    await keep("phone");
    expect(await browser.value("document.documentElement.scrollWidth")).toBe(360);
    expect(await browser.value("document.querySelector('meta[name=viewport]').content")).toContain("width=device-width");
  });

  test("is used by keyboard alone", async () => {
    await browser.open(`${address}/?still`, 1280, 900);
    const focused = () => browser.value("document.activeElement.textContent");
    await browser.press("Tab");
    expect(await focused()).toBe("To the sessions");
    expect(await browser.value("document.activeElement.getBoundingClientRect().left >= 0")).toBe(true);
    await browser.press("Enter");
    expect(await browser.value("location.hash + document.activeElement.id")).toBe("#sessionssessions");
    await browser.press("Tab");
    expect(await focused()).toBe("Network and refused requests");
    await browser.press("Enter");
    expect(await browser.value("document.querySelectorAll('details[open] svg').length")).toBe(2);
  });

  test("asks again by itself unless it is told to keep still", async () => {
    await browser.open(address, 1280, 900);
    expect(await browser.value("document.querySelector('meta[http-equiv=refresh]').content")).toBe("10");
    await browser.open(`${address}/?still`, 1280, 900);
    expect(await browser.value("document.querySelector('meta[http-equiv=refresh]')")).toBeNull();
  });
});
