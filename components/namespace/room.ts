import { outputSpace } from "../cluster/pod.ts";
import { egressProxyLimits } from "../egress-proxy/part.ts";
import type { Egress } from "../isolated-network/args.ts";
import { type Limits, limitsOf } from "../session-container/args.ts";
import { jobLimits, serviceLimits } from "../session-part.ts";
import { type VolumeKind, volumeKindsOf, type Workspace } from "../session-volumes/args.ts";
import type { PodRoom, Room } from "./args.ts";

/** A session, as far as it says what room it takes. */
export interface Roomy {
  readonly limits: Partial<Limits>;
  readonly workspace: Workspace;
  readonly repositories: readonly { readonly kind: "path" | "url" }[];
  readonly network: { readonly egress?: Egress };
  readonly credentials: { readonly kind: string };
  /** How many there may be of it at once, and that its volumes are their pod's. @default one, with claims */
  readonly pool?: { readonly replicas: number; readonly autoscale?: { readonly max: number } | undefined } | undefined;
}

/** What the cluster's settings say of room. Bytes. */
export interface RoomOptions {
  /** What claims, and clones that a session makes for itself, hold. */
  readonly claims: Readonly<Record<VolumeKind | "repository", number>>;
  /** Whether a clone is a claim that sessions share. */
  readonly sharesClones: boolean;
  /** Clones of the stack. */
  readonly clones: number;
}

/** What sessions and all that serves them take together. */
export function roomOf(sessions: readonly Roomy[], options: RoomOptions): Room {
  const { claims, sharesClones, clones } = options;
  const shared = sharesClones ? clones : 0;
  const cloning = { memory: jobLimits.memory, cpu: jobLimits.cpu };
  return {
    pods: [
      ...sessions.flatMap((session) => [sessionRoom(session, options), ...servingRoom(session)]),
      ...(shared > 0 ? [{ ...cloning, pods: shared, disk: outputSpace }] : []),
      // What hands one out is there twice, as proxies are, and has cloned it itself.
      ...(clones > shared ? [{ ...cloning, pods: 2 * clones, disk: outputSpace + claims.repository }] : []),
    ],
    claims: [
      ...sessions.flatMap((session) => kindsOf(session).map((kind) => claims[kind])),
      ...Array<number>(shared).fill(claims.repository),
    ],
  };
}

const kindsOf = (session: Roomy): VolumeKind[] => (session.pool === undefined ? volumeKindsOf(session) : []);

/** A pod of a pool is there a quarter more often while it is rolled out anew, which is what a Deployment does; a session of its own never is. */
function sessionRoom(session: Roomy, { claims, sharesClones }: RoomOptions): PodRoom {
  const { pool, repositories } = session;
  const { memory, cpu } = limitsOf(session);
  const copies = pool === undefined ? 1 : Math.max(pool.replicas, pool.autoscale?.max ?? 0);
  const own = sharesClones ? 0 : repositories.filter(({ kind }) => kind === "url").length * claims.repository;
  const passing = pool === undefined ? 0 : volumeKindsOf(session).reduce((sum, kind) => sum + claims[kind], 0);
  return {
    pods: pool === undefined ? 1 : copies + Math.ceil(copies / 4),
    // What runs before the session, in the same pod, is done by then.
    memory: Math.max(memory, jobLimits.memory),
    cpu: Math.max(cpu, jobLimits.cpu),
    disk: outputSpace + own + passing,
  };
}

/** Each proxy is there twice while another takes its place. */
function servingRoom({ network, credentials }: Roomy): PodRoom[] {
  const twice = { pods: 2, disk: outputSpace };
  return [
    ...(typeof network.egress === "object" ? [{ ...twice, memory: egressProxyLimits.memory, cpu: egressProxyLimits.cpu }] : []),
    ...(credentials.kind === "proxy" ? [{ ...twice, memory: serviceLimits.memory, cpu: serviceLimits.cpu }] : []),
  ];
}
