// Watches the sessions of a stack: each 10 seconds what they take, each minute what they hold.
import { type CleanUp, type Described, type Engine, type Listed, printed, ranOut } from "./engine.ts";
import { Follower } from "./follow.ts";
import { type GatewayRequest, gatewayRequest, type ModelRequest, modelRequest } from "./records.ts";
import { sampleOf } from "./samples.ts";
import { sessionState } from "./session-state.ts";
import { type Disk, type Facts, Watched } from "./watched.ts";

const hour = 3_600_000_000_000n;
/** Milliseconds in which a roll-out that makes the supervisor has made the gateway, too. */
const rollOut = 600_000;
const places = ["workspace", "session", "logs"] as const;

/** How the last round went. */
export interface Round {
  /** Milliseconds since 1970, of its end. */
  readonly at: number;
  readonly seconds: number;
  /** Nothing was heard of at least one session. */
  readonly failed: boolean;
}

/** Who is told of what is heard. */
export interface Listener {
  /** A request to a model. */
  heard(session: string, request: ModelRequest): void;
  /** A request from elsewhere. */
  entered(request: GatewayRequest): void;
  /** Nothing is left of a session. */
  forget(session: string): void;
}

export class Watch {
  readonly sessions = new Map<string, Watched>();
  /** Whether the gateway serves; undefined where there is to be none. */
  gateway: boolean | undefined;
  round: Round | undefined;
  /** Milliseconds since 1970 at which the engine last said which sessions there are. */
  listedAt: number | undefined;
  cleanUp: CleanUp | undefined;
  readonly #engine: Engine;
  readonly #listener: Listener;
  readonly #behindGateway: boolean;
  readonly #begun = BigInt(Date.now()) * 1_000_000n;
  readonly #records = new Map<string, Follower>();
  readonly #events: Follower;

  /** @param behindGateway whether there is to be a gateway */
  constructor(engine: Engine, listener: Listener, behindGateway = false) {
    this.#engine = engine;
    this.#listener = listener;
    this.#behindGateway = behindGateway;
    const open = (since: string, signal: AbortSignal) => engine.events(since, signal);
    const take = (session: string) => {
      const watched = this.sessions.get(session);
      if (watched !== undefined) watched.oomKills++;
    };
    this.#events = new Follower({ open, read: ranOut, take }, this.#begun);
  }

  /**
   * Looks at every session once. None waits for another, and none for longer than the engine is given.
   *
   * @throws Error when nothing was heard of the engine or of some session, after all the others have been looked at
   */
  async look(): Promise<void> {
    const begun = performance.now();
    this.#events.ensure();
    const failure = await this.#lookAtAll().catch((error: Error) => error);
    this.round = { at: Date.now(), seconds: (performance.now() - begun) / 1000, failed: failure !== undefined };
    if (failure !== undefined) throw failure;
  }

  async #lookAtAll(): Promise<Error | undefined> {
    const listed = await this.#engine.containers();
    this.listedAt = Date.now();
    this.#adopt(listed);
    const sessions = listed.filter(({ Labels: { kind } }) => kind === undefined);
    const seen = await Promise.allSettled([...sessions.map((container) => this.#observe(container)), this.#readCleanUp()]);
    return seen.find((each) => each.status === "rejected")?.reason as Error | undefined;
  }

  /** Has the engine count what sessions hold; it reads every file for that. */
  async weigh(): Promise<void> {
    const { Containers, Volumes } = await this.#engine.usage();
    for (const watched of this.sessions.values()) {
      const disk: Disk = {};
      const own = Containers.find(({ Id }) => Id === watched.container);
      if (own !== undefined) disk.container = own.SizeRw ?? 0;
      for (const { Labels, UsageData } of Volumes) {
        const place = places.find((name) => name === Labels.kind);
        const bytes = UsageData?.Size ?? -1;
        if (Labels.session_id === watched.id && place !== undefined && bytes >= 0) disk[place] = bytes;
      }
      watched.disk = disk;
    }
  }

  /** Takes over which sessions there are, and follows what their proxies record. */
  #adopt(listed: readonly Listed[]): void {
    const ids = new Set(listed.flatMap(({ Labels }) => sessionOf(Labels) ?? []));
    for (const id of ids) if (!this.sessions.has(id)) this.sessions.set(id, new Watched(id));
    for (const id of [...this.sessions.keys()].filter((id) => !ids.has(id))) {
      this.sessions.delete(id);
      this.#listener.forget(id);
    }
    const present = new Set(listed.flatMap(({ Labels: { session_id, kind } }) => (kind === undefined ? (session_id ?? []) : [])));
    for (const watched of this.sessions.values()) {
      watched.credentialProxy = undefined;
      // What serves a session may outlive it.
      if (!present.has(watched.id)) watched.facts = undefined;
    }
    const containers = new Set(listed.map(({ Id }) => Id));
    for (const [id, follower] of this.#records) {
      if (containers.has(id)) continue;
      follower.stop();
      this.#records.delete(id);
    }
    for (const container of listed) this.#adoptProxy(container);
    const gateway = listed.find(({ Labels: { kind } }) => kind === "gateway");
    const expected = this.gateway !== undefined || BigInt(Date.now() - rollOut) * 1_000_000n > this.#begun;
    this.gateway = gateway === undefined ? (this.#behindGateway && expected ? false : undefined) : serves(gateway);
    if (gateway !== undefined)
      this.#follow(gateway, (text, counted) => {
        const request = gatewayRequest(text);
        if (request !== undefined && counted) this.#listener.entered(request);
      });
  }

  #adoptProxy(container: Listed): void {
    const { kind } = container.Labels;
    const watched = this.sessions.get(sessionOf(container.Labels) ?? "");
    if (watched === undefined || kind === undefined) return;
    const model = kind === "credential-proxy";
    if (model) watched.credentialProxy = serves(container);
    this.#follow(container, (text, counted) => {
      if (!model) return watched.egress.add(text, counted);
      const request = modelRequest(text);
      if (request !== undefined && counted) this.#listener.heard(watched.id, request);
    });
  }

  /** @param take told what it prints, and whether since the supervisor's own start: what was refused before is worth being shown */
  #follow({ Id, State }: Listed, take: (text: string, counted: boolean) => void): void {
    const open = (since: string, signal: AbortSignal) => this.#engine.logs(Id, since, signal);
    const follower =
      this.#records.get(Id) ?? new Follower({ open, read: printed, take: (text, at) => take(text, at >= this.#begun) }, this.#begun - hour);
    this.#records.set(Id, follower);
    if (State === "running") follower.ensure();
  }

  async #observe({ Id, Created, Labels }: Listed): Promise<void> {
    const watched = this.sessions.get(sessionOf(Labels) ?? "");
    if (watched === undefined) return;
    const [described, stats] = await Promise.allSettled([this.#engine.inspect(Id), this.#engine.stats(Id)]);
    if (described.status === "fulfilled") watched.facts = factsOf(described.value, Created);
    watched.measured(Id, stats.status === "fulfilled" ? sampleOf(stats.value) : undefined);
    if (described.status === "rejected") throw described.reason;
    if (stats.status === "rejected") throw stats.reason;
  }

  async #readCleanUp(): Promise<void> {
    const all = await this.#engine.cleanUps();
    this.cleanUp = all.toSorted((a, b) => Date.parse(b.last_run ?? "") - Date.parse(a.last_run ?? ""))[0];
  }
}

const serves = ({ State, Status }: Listed) => State === "running" && !/\(unhealthy\)/.test(Status);

/** The session that a container is, or serves. */
const sessionOf = ({ session_id, serves }: Listed["Labels"]) => session_id ?? serves;

function factsOf(described: Described, created: number): Facts {
  const { Name, HostConfig, Config, RestartCount = 0 } = described;
  const variable = (name: string) => Config.Env.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return {
    ...sessionState(described),
    container: Name.replace(/^\//, ""),
    image: Config.Image,
    restarts: RestartCount,
    cpuLimit: (HostConfig.NanoCpus ?? 0) / 1e9,
    memoryLimit: HostConfig.Memory ?? 0,
    processesLimit: Math.max(0, HostConfig.PidsLimit ?? 0),
    diskLimit: Number(variable("SESSION_DISK_LIMIT") ?? 0),
    modelProxy: variable("SESSION_MODEL_PORT") !== undefined,
    created,
  };
}
