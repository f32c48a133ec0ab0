// The figures in the form that Prometheus reads.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CleanUp } from "./engine.ts";
import type { Machine } from "./machine.ts";
import { type GatewayRequest, type ModelRequest, verdicts } from "./records.ts";
import { states } from "./session-state.ts";
import type { Round } from "./watch.ts";
import type { Watched } from "./watched.ts";

/** What a stack's figures are made of. */
export interface View {
  readonly sessions: readonly Watched[];
  readonly machine: Machine | undefined;
  readonly round: Round | undefined;
  readonly cleanUp: CleanUp | undefined;
  /** Whether the gateway serves; undefined where there is none. */
  readonly gateway: boolean | undefined;
}

/** Classes of answers of which an alert's share is made: they are there from the start, so that the first one counts as one. */
const codes = ["2xx", "4xx", "5xx"];

/** The same of the gateway's, by its services. */
const entrance = { services: ["alertmanager", "gateway", "grafana", "prometheus", "supervisor"], codes: ["2xx", "3xx", "4xx", "5xx"] };

export class Metrics {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #requests = new Map<string, Map<string, number>>();
  readonly #seconds = new Histogram({
    name: "agent_sessions_credential_request_seconds",
    help: "Time until the model answers, or where that is not known until the answer's end",
    labelNames: ["session"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
    registers: [],
  });

  readonly #entered = new Map<string, number>(
    entrance.services.flatMap((service) => entrance.codes.map((code) => [`${service} ${code}`, 0] as const)),
  );
  readonly #entrySeconds = new Histogram({
    name: "agent_sessions_gateway_request_seconds",
    help: "Time until a service's answer by way of the gateway ends",
    labelNames: ["service"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
    registers: [],
  });

  constructor(stack: string, strategy: string) {
    this.#labels = { stack, strategy };
  }

  /** Counts a request to a model. */
  heard(session: string, { code, seconds }: ModelRequest): void {
    const requests = this.#requests.get(session) ?? new Map<string, number>();
    requests.set(code, (requests.get(code) ?? 0) + 1);
    this.#requests.set(session, requests);
    this.#seconds.observe({ session }, seconds);
  }

  /** Counts a request from elsewhere. */
  entered({ service, code, seconds }: GatewayRequest): void {
    const key = `${service} ${code}`;
    this.#entered.set(key, (this.#entered.get(key) ?? 0) + 1);
    if (seconds !== undefined) this.#entrySeconds.observe({ service }, seconds);
  }

  forget(session: string): void {
    this.#requests.delete(session);
    this.#seconds.remove({ session });
  }

  /** Everything as it is now, in Prometheus' text form; what is not known is not there. */
  async text({ sessions, machine, round, cleanUp, gateway }: View): Promise<{ body: string; type: string }> {
    const registry = new Registry();
    registry.setDefaultLabels(this.#labels);
    registry.registerMetric(this.#seconds);
    const figures = new Figures(registry);
    for (const watched of sessions) figures.session(watched, this.#requests.get(watched.id) ?? new Map());
    if (machine !== undefined) figures.machine(machine);
    if (round !== undefined) figures.round(round);
    figures.cleanUp(cleanUp);
    if (gateway !== undefined) {
      registry.registerMetric(this.#entrySeconds);
      figures.gateway(gateway, this.#entered);
    }
    return { body: await registry.metrics(), type: registry.contentType };
  }
}

/** What one scrape reads. */
class Figures {
  readonly #registry: Registry;
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  round({ at, seconds, failed }: Round): void {
    this.#set("collection_seconds", "How long the last round took", {}, seconds);
    this.#set("collection_timestamp_seconds", "When the last round ended", {}, at / 1000);
    this.#set("collection_failed", "1 where the last round heard nothing of a session", {}, Number(failed));
  }

  cleanUp(cleanUp: CleanUp | undefined): void {
    const lastRun = Date.parse(cleanUp?.last_run ?? "");
    if (Number.isNaN(lastRun)) return;
    this.#set("cleanup_last_run_timestamp_seconds", "When the last clean-up ended", {}, lastRun / 1000);
    this.#set("cleanup_failed", "1 where the last clean-up failed", {}, Number(cleanUp?.outcome !== "ok"));
    const nextRun = Date.parse(cleanUp?.next_run ?? "");
    if (!Number.isNaN(nextRun)) this.#set("cleanup_next_run_timestamp_seconds", "When another clean-up is due", {}, nextRun / 1000);
  }

  gateway(up: boolean, entered: ReadonlyMap<string, number>): void {
    this.#set("gateway_up", "1 where the gateway serves", {}, Number(up));
    for (const [key, requests] of entered) {
      const [service = "", code = ""] = key.split(" ");
      this.#count("gateway_requests_total", "Requests by way of the gateway", { service, code }, requests);
    }
  }

  session(watched: Watched, requests: ReadonlyMap<string, number>): void {
    const { id: session, facts, disk, egress, oomKills, credentialProxy } = watched;
    if (facts === undefined) return;
    const { container, image, broken } = facts;
    const found = broken ? "failed" : facts.state;
    this.#set("session_info", "What a session runs as", { session, container, image }, 1);
    for (const state of states) this.#set("session_state", "1 for what a session is", { session, state }, Number(state === found));
    this.#usage(watched);
    if (facts.processesLimit > 0) this.#set("processes_limit", "Processes and threads it may have", { session }, facts.processesLimit);
    for (const [place, bytes] of Object.entries(disk)) this.#set("disk_bytes", "What its files hold", { session, place }, bytes);
    if (facts.diskLimit > 0) this.#set("disk_limit_bytes", "What workspace and session may hold together", { session }, facts.diskLimit);
    this.#count("restarts_total", "Starts after an end", { session }, facts.restarts);
    this.#count("oom_kills_total", "Times at which its memory ran out", { session }, oomKills);
    for (const verdict of verdicts)
      this.#count("egress_requests_total", "Requests at its egress proxy", { session, verdict }, egress.counts[verdict]);
    if (credentialProxy === undefined && !facts.modelProxy) return;
    this.#set("credential_proxy_up", "1 where its credential proxy serves", { session }, Number(credentialProxy === true));
    for (const code of new Set([...codes, ...requests.keys()]))
      this.#count("credential_requests_total", "Requests at its credential proxy", { session, code }, requests.get(code) ?? 0);
  }

  #usage(watched: Watched): void {
    const labels = { session: watched.id };
    const usage = watched.usage();
    if (usage === undefined) return;
    this.#count("cpu_seconds_total", "Processor time", labels, usage.cpuSeconds);
    this.#set("cpu_limit_cores", "Cores it may use", labels, usage.cpuLimit);
    if (usage.cpuRatio !== undefined) this.#set("cpu_ratio", "Share of its cores in the last interval, 0 to 1", labels, usage.cpuRatio);
    this.#set("memory_bytes", "Memory without page cache", labels, usage.memory);
    this.#set("memory_limit_bytes", "Memory it may use", labels, usage.memoryLimit);
    this.#set("processes", "Processes and threads", labels, usage.processes);
    this.#count("network_receive_bytes_total", "Received over its networks", labels, usage.received);
    this.#count("network_transmit_bytes_total", "Sent over its networks", labels, usage.transmitted);
    this.#count("block_read_bytes_total", "Read from disks", labels, usage.blockRead);
    this.#count("block_written_bytes_total", "Written to disks", labels, usage.blockWritten);
  }

  machine(machine: Machine): void {
    if (machine.cpuRatio !== undefined)
      this.#set("node_cpu_ratio", "Share of all cores in the last interval, 0 to 1", {}, machine.cpuRatio);
    this.#set("node_memory_bytes", "The machine's memory", {}, machine.memory);
    this.#set("node_memory_available_bytes", "What of it is to be had", {}, machine.memoryAvailable);
    this.#set("node_disk_bytes", "The file system of the engine's data", {}, machine.disk);
    this.#set("node_disk_free_bytes", "What of it is free", {}, machine.diskFree);
    this.#set("node_load1", "Load of the last minute", {}, machine.load1);
  }

  #set(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    const of = { name: `agent_sessions_${name}`, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    const gauge = this.#gauges.get(name) ?? new Gauge(of);
    this.#gauges.set(name, gauge);
    gauge.set(labels, value);
  }

  /** Sets a counter to what was counted elsewhere. */
  #count(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    const of = { name: `agent_sessions_${name}`, help, labelNames: Object.keys(labels), registers: [this.#registry] };
    const counter = this.#counters.get(name) ?? new Counter(of);
    this.#counters.set(name, counter);
    counter.inc(labels, value);
  }
}
