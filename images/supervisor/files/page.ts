// The status page: one look at all sessions. It has no script, loads nothing, and changes nothing.
import { createHash } from "node:crypto";
import type { Alert } from "./alerts.ts";
import { curve } from "./curves.ts";
import { Html, html } from "./html.ts";
import type { View } from "./metrics.ts";
import type { State } from "./session-state.ts";
import { style } from "./style.ts";
import type { Watched } from "./watched.ts";

export interface PageView extends View {
  readonly stack: string;
  readonly strategy: string;
  /** Undefined while it is being changed. */
  readonly authority: readonly string[] | undefined;
  /** Undefined where Alertmanager does not answer, or there is none. */
  readonly alerts: readonly Alert[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The page asks for itself again. */
  readonly refresh: boolean;
}

/** What a browser may do with the page: show it in this style, and nothing else. */
export const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const seconds = 10;
const order: readonly State[] = ["failed", "key refused", "unhealthy", "starting", "stopped", "healthy", "complete"];
const colours: Readonly<Record<State, string>> = {
  failed: "bad",
  "key refused": "bad",
  unhealthy: "bad",
  starting: "mild",
  stopped: "mild",
  healthy: "good",
  complete: "good",
};

export function page(view: PageView): string {
  const { stack, strategy, sessions, authority, refresh } = view;
  const refreshed = refresh ? html`<meta http-equiv="refresh" content="${seconds}">` : html``;
  const again = refresh
    ? html`This page asks again every ${seconds} seconds; <a href="/?still">keep it still</a>.`
    : html`This page is kept still; <a href="/">let it ask again every ${seconds} seconds</a>.`;
  const rank = ({ facts }: Watched) => (facts === undefined ? order.length : order.indexOf(facts.state));
  const sorted = sessions.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
  const { text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${summary(sessions)} · ${stack}</title>${refreshed}<style>${new Html(style)}</style></head>
<body><a class="skip" href="#sessions">To the sessions</a>
<header><h1>${stack}</h1><p>${summary(sessions)}, strategy ${strategy}. ${again}</p>${health(view)}</header>
<main>
<h2>Alerts</h2>${alertsOf(view)}
<h2 id="sessions" tabindex="-1">Sessions</h2>
${sorted.length === 0 ? html`<p>There are none.</p>` : html`<ul class="sessions">${sorted.map((watched) => session(watched, view.now))}</ul>`}
<h2>Refused hosts</h2>${refusedOf(sorted)}
<h2>Authority</h2><p>What the sessions may do beyond a sealed box.</p>
<ul>${(authority ?? ["not known"]).map((line) => html`<li>${line}</li>`)}</ul>
</main></body></html>
`;
  return text;
}

/** What a title says: what needs somebody first. */
function summary(sessions: readonly Watched[]): string {
  const told = order.flatMap((state) => {
    const count = sessions.filter(({ facts }) => facts?.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return told.length === 0 ? "no sessions" : told.join(", ");
}

/** Whether what stands on the page is of now, and how the machine is. */
function health({ round, machine, cleanUp, now }: PageView): Html {
  const age = round === undefined ? undefined : Math.round((now - round.at) / 1000);
  const measured =
    round === undefined || age === undefined
      ? html`<span class="mild">Nothing has been measured yet.</span>`
      : age > 30
        ? html`<span class="bad">Measured ${age} seconds ago.</span>`
        : html`Measured ${age} seconds ago${round.failed ? html`, <span class="bad">but not every session</span>` : ""}.`;
  const host =
    machine === undefined
      ? ""
      : ` The machine: load ${machine.load1}, ${bytes(machine.memoryAvailable)} of ${bytes(machine.memory)} memory and ${bytes(machine.diskFree)} of ${bytes(machine.disk)} disk to be had.`;
  const cleaned =
    cleanUp?.last_run === undefined
      ? ""
      : html` Last clean-up ${cleanUp.last_run}: ${cleanUp.outcome === "ok" ? "ok" : html`<span class="bad">${cleanUp.outcome ?? "not known"}</span>`}.`;
  return html`<p>${measured}${host}${cleaned}</p>`;
}

function alertsOf({ alerts }: PageView): Html {
  if (alerts === undefined) return html`<p>Not known: no Alertmanager answers.</p>`;
  // The one that always fires, so that its absence is noticed, is no news.
  const told = alerts.filter(({ name }) => name !== "Watchdog");
  if (told.length === 0) return html`<p class="good">There are none.</p>`;
  const line = ({ name, severity, session, since, summary: says, silenced }: Alert) =>
    html`<li><strong class="${severity === "critical" ? "bad" : "mild"}">${severity} ${name}</strong>${session === "" ? "" : html` of <a href="#session-${session}">${session}</a>`}${says === "" ? "" : `: ${says}`} (since ${since}${silenced ? ", silenced" : ""})</li>`;
  return html`<ul>${told.map(line)}</ul>`;
}

function session(watched: Watched, now: number): Html {
  const { id, facts, disk, egress, oomKills, curves, credentialProxy } = watched;
  if (facts === undefined) return html`<li id="session-${id}"><h3>${id}</h3><p>Nothing is known of it yet.</p></li>`;
  const usage = watched.usage();
  const none = "not known";
  const held = Object.values(disk);
  const rows: readonly (readonly [string, string])[] = [
    [
      "CPU",
      usage?.cpuRatio === undefined ? none : `${percent(usage.cpuRatio)} of ${usage.cpuLimit} ${usage.cpuLimit === 1 ? "core" : "cores"}`,
    ],
    ["Memory", usage === undefined ? none : `${bytes(usage.memory)} of ${bytes(usage.memoryLimit)} (${percent(usage.memoryRatio)})`],
    ["Processes", usage === undefined ? none : `${usage.processes}${facts.processesLimit > 0 ? ` of ${facts.processesLimit}` : ""}`],
    [
      "Disk",
      held.length === 0
        ? none
        : `${bytes(held.reduce((sum, each) => sum + each, 0))}${facts.diskLimit > 0 ? ` of ${bytes(facts.diskLimit)}` : ""}`,
    ],
    ["Network", usage === undefined ? none : `${bytes(usage.received)} in, ${bytes(usage.transmitted)} out`],
    ["Egress", `${egress.counts.allowed} allowed, ${egress.counts.denied} refused`],
    ["Restarts", `${facts.restarts}${oomKills > 0 ? `, memory ran out ${times(oomKills)}` : ""}`],
    ...(credentialProxy === undefined ? [] : [["Credential proxy", credentialProxy ? "serves" : "down"] as const]),
    ["Age", age(now / 1000 - facts.created)],
  ];
  return html`<li id="session-${id}"><div class="head"><h3>${id}</h3><span class="state ${colours[facts.state]}">${facts.state}</span></div>
${facts.why === undefined ? "" : html`<p class="${colours[facts.state]}">${facts.why}</p>`}
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${curve("CPU", curves.cpu, percent, 1)}${curve("Memory", curves.memory, percent, 1)}
<details><summary>Network and refused requests</summary>${curve("Network", curves.network, (value) => `${bytes(value)}/s`)}${curve("Refused", curves.refused, (value) => `${value} in ${seconds} s`)}</details></li>
`;
}

function refusedOf(sessions: readonly Watched[]): Html {
  const lists = sessions.flatMap(({ id, egress }) => {
    const hosts = egress.refused();
    if (hosts.length === 0) return [];
    const line = ({ host, port, requests, last, verify }: (typeof hosts)[number]) =>
      html`<li>${host}:${port}, ${times(requests)}, last ${last}${verify ? ", which says that verify tried it" : ""}</li>`;
    return [html`<h3>${id}</h3><ul>${hosts.map(line)}</ul>`];
  });
  return lists.length === 0
    ? html`<p class="good">None was refused in the last hour, or since the supervisor started.</p>`
    : html`${lists}`;
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`);

const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;

function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)));
  const value = count / 1024 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function age(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor) as [number, number, number];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
