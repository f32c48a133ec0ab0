import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { stackLabel } from "../container-engine/object-labels.ts";
import { settingsMount } from "../monitoring/args.ts";
import { type Logs, type Mount, scratch, type Service, serviceLimits } from "../session-part.ts";
import { type Owner, serviceName } from "../session.ts";

/** What watches the sessions of one stack. */
export interface SupervisorArgs extends Owner {
  /** The image `supervisor`. */
  readonly image: pulumi.Input<string>;
  /** The name of the strategy, which every figure carries. */
  readonly strategy: string;
  /** What the sessions may do beyond a sealed box, which the status page shows. */
  readonly authority: readonly string[];
  /** Of this machine, at which figures and the page are served, on 127.0.0.1. @default 9464 */
  readonly port?: number;
  /** How what both print is kept. @default json-file */
  readonly logs?: Logs;
  /** What else serves the stack is on a network that nobody from elsewhere gets into, which a gateway joins too. @default false */
  readonly closed?: boolean;
  /** The Alertmanager that the page shows alerts of, as seen on the monitoring network. @default none */
  readonly alertmanager?: string;
}

/** Where others on the monitoring network find the supervisor. */
export const supervisorAlias = "supervisor";

/** Where it serves its figures, at `/metrics`, and the page, at `/`. */
export const supervisorPort = 9464;

/** The network of whatever serves all sessions of a stack together. None of them is ever in it. */
export const monitoringNetwork = (owner: Pick<Owner, "stack">): string => serviceName(owner, "monitoring");

/** The network of those that are reached by way of a gateway alone. */
export const closedNetwork = (owner: Pick<Owner, "stack">): string => serviceName(owner, "closed");

/** What the image's programs are. */
const program = (name: string) => ["node", `/usr/local/lib/agent-sessions/${name}.ts`] as const;

/** No session has this uid, and the image names no user of it. */
const user = 14_000;

/** One that hangs is known within a minute. */
const health = { ...baseline.healthCheck, interval: 15, startPeriod: 15 };

/** The socket at which the reader answers; the supervisor alone has it. */
function socket(owner: Owner, readOnly: boolean): Mount {
  return {
    target: "/run/engine-reader",
    readOnly,
    source: { kind: "companion", companion: serviceName(owner, "engine-reader"), leaves: "socket" },
  };
}

/** Reads and serves figures of every session. All that it knows of them it has from the reader. */
export function supervisor(args: SupervisorArgs): Service {
  return {
    name: serviceName(args, "supervisor"),
    kind: "supervisor",
    runs: "beside",
    image: args.image,
    user,
    program: program("supervisor"),
    environment: {
      STACK: stackLabel(args),
      STRATEGY: args.strategy,
      ...(args.alertmanager !== undefined && { ALERTMANAGER: args.alertmanager }),
      ...(args.closed === true && { GATEWAY: "expected" }),
    },
    mounts: [socket(args, true), settingsMount({ "authority.json": JSON.stringify(args.authority) }), scratch],
    limits: serviceLimits,
    health: { ...health, command: [...program("supervisor"), "--check"] },
    reaches: "nothing",
  };
}

/**
 * Answers what the supervisor may know of the stack's own containers, and asks the engine for nothing else. It is root without any
 * capability: whoever speaks to the engine is root on its machine, whatever its uid.
 *
 * @param engineSocket where the engine listens, on its own machine
 */
export function engineReader(args: Pick<SupervisorArgs, "project" | "stack" | "image">, engineSocket: string): Service {
  return {
    name: serviceName(args, "engine-reader"),
    kind: "engine-reader",
    runs: "beside",
    image: args.image,
    user: 0,
    program: program("reader"),
    environment: { STACK: stackLabel(args) },
    mounts: [
      socket(args, false),
      { target: "/var/run/docker.sock", readOnly: true, source: { kind: "host", path: engineSocket } },
      scratch,
    ],
    limits: serviceLimits,
    health: { ...health, command: [...program("reader"), "--check"] },
    reaches: "nothing",
  };
}
