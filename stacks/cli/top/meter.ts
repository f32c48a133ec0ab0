import { someAtOnce } from "../../runtime/health.ts";
import { linesSince } from "../../runtime/printed.ts";
import type { Description, Health, Held, ListedSession, SessionRuntime, Usage } from "../../runtime/runtime.ts";
import { countingSeconds } from "../disk.ts";
import { refusedIn, summarize } from "../egress-record.ts";
import type { Row } from "./row.ts";

/** Milliseconds for which an answer counts that costs a process in the session, or the platform a look at every file. */
const lasts = { details: 10_000, held: 60_000 } as const;

/** What changes slowly, or costs more to ask. */
interface Details {
  readonly asked: number;
  /** What the platform called the session's state. */
  readonly listed: string;
  readonly description: Description;
  readonly health: Health;
  readonly refused: Refused | undefined;
}

/** How many requests were refused up to a moment, which a proxy's record begins its lines with. */
interface Refused {
  readonly count: number;
  readonly last: string;
}

/** Reads again and again what sessions use; rates are those since the reading before. */
export class Meter {
  readonly #runtime: SessionRuntime;
  readonly #usages = new Map<string, Usage>();
  readonly #details = new Map<string, Details>();
  readonly #asking = new Map<string, Promise<Details>>();
  #held: ReadonlyMap<string, Held> = new Map();
  #counting: Promise<void> | undefined;
  #counted = -Infinity;

  constructor(runtime: SessionRuntime) {
    this.#runtime = runtime;
  }

  /** @returns a row for each session that is there; what takes longer is as old as the last answer */
  async read(): Promise<Row[]> {
    if (Date.now() - this.#counted > lasts.held) void this.count();
    return (await someAtOnce(await this.#runtime.list(), (session) => this.#row(session))).filter((row) => row !== undefined);
  }

  /** Has what volumes hold counted, which takes long; where that is not known it stays left out. */
  count(): Promise<void> {
    this.#counting ??= this.#runtime
      .held(countingSeconds)
      .then((held) => {
        if (!("notTried" in held)) this.#held = held;
      })
      .catch(() => {})
      .finally(() => {
        this.#counted = Date.now();
        this.#counting = undefined;
      });
    return this.#counting;
  }

  async #row(session: ListedSession): Promise<Row | undefined> {
    const { id } = session;
    // A session may go while it is asked.
    const [usage, details] = await Promise.all([session.usage(), this.#ask(session).catch(() => undefined)]);
    if (details === undefined) return undefined;
    const before = this.#usages.get(id);
    if (usage !== undefined) this.#usages.set(id, usage);
    else this.#usages.delete(id);
    const { description, health, refused } = details;
    const { state, why } = health;
    const held = this.#held.get(id);
    return {
      session: id,
      state,
      ...(why !== undefined && { why }),
      ...(usage !== undefined && { ...rates(before, usage), memory: usage.memory }),
      cpuLimit: description.cpu,
      memoryLimit: description.memory,
      ...(held !== undefined && { disk: held.workspace + held.session }),
      diskLimit: description.disk,
      ...(refused !== undefined && { refused: refused.count }),
      age: Math.max(0, (Date.now() - Date.parse(description.created)) / 1000),
    };
  }

  /** Waits only for a session of which nothing is known, or whose state is another now. */
  async #ask(session: ListedSession): Promise<Details> {
    const known = this.#details.get(session.id);
    const isCurrent = known !== undefined && known.listed === session.state;
    if (isCurrent && Date.now() - known.asked < lasts.details) return known;
    const asking = this.#asking.get(session.id) ?? this.#begin(session, known);
    return isCurrent ? known : asking;
  }

  #begin(session: ListedSession, known: Details | undefined): Promise<Details> {
    const asking = this.#detail(session, known).finally(() => this.#asking.delete(session.id));
    this.#asking.set(session.id, asking);
    // Where nobody waits, the next reading asks again.
    asking.catch(() => {});
    return asking;
  }

  async #detail(session: ListedSession, known: Details | undefined): Promise<Details> {
    const asked = Date.now();
    const [description, health, refused] = await Promise.all([
      session.describe(),
      session.health(),
      refusals(this.#runtime, session.id, known?.refused),
    ]);
    const details = { asked, listed: session.state, description, health, refused };
    this.#details.set(session.id, details);
    return details;
  }
}

/** Of a session that has started anew since, nothing can be said. */
function rates(before: Usage | undefined, now: Usage): Pick<Row, "cpu" | "received" | "sent"> {
  if (before === undefined || now.at <= before.at || now.cpuSeconds < before.cpuSeconds || now.received < before.received) return {};
  const seconds = (now.at - before.at) / 1000;
  return {
    cpu: (now.cpuSeconds - before.cpuSeconds) / seconds,
    received: (now.received - before.received) / seconds,
    sent: Math.max(0, now.sent - before.sent) / seconds,
  };
}

/** Goes on in the record where the reading before ended. */
async function refusals(runtime: SessionRuntime, id: string, before?: Refused): Promise<Refused | undefined> {
  const proxy = await runtime.part(id, "egress-proxy");
  if (proxy === undefined) return undefined;
  const { count, last } = before ?? { count: 0, last: "" };
  const lines = (await linesSince(proxy, last)).map((line) => line.split(/ (.*)/s));
  return { count: count + refusedIn(summarize(lines.map(([, line = ""]) => line).join("\n"))), last: lines.at(-1)?.[0] ?? last };
}
