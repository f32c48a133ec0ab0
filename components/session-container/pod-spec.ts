import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { mountedBy, toInitContainer } from "../cluster/companion.ts";
import { labelNames, selectorOf, sessionLabels, shortened } from "../cluster/labels.ts";
import { diskOf, type Mounted, type PodSpec, toContainer, toPod, toSpread, toVolumes, volumeIn } from "../cluster/pod.ts";
import type { Cluster } from "../cluster/provider.ts";
import { type Alias, isJob, type Mount } from "../session-part.ts";
import { containerName } from "../session.ts";
import {
  environmentOf,
  healthCheckOf,
  limitsOf,
  mountsOf,
  secretEnvironmentOf,
  type SessionContainerArgs,
  sharedMemoryMount,
} from "./args.ts";
import { uidOf } from "./user.ts";

/** What pods are made of. */
export interface PodsArgs {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly template: {
    readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, pulumi.Input<string>> };
    readonly spec: PodSpec;
  };
}

/** The pod of a session. All but the image and addresses is plain, so that a preview knows it. */
export function toPodSpec(args: SessionContainerArgs, cluster: Cluster): PodSpec {
  const of = containerName(args.sessionId);
  const limits = limitsOf(args);
  const user = [uidOf(args), baseline.user.gid] as const;
  const mounts = [...mountsOf(args), sharedMemoryMount(limits)];
  const jobs = args.parts.flatMap(({ companions }) => companions.filter(isJob));
  const mounted: readonly Mounted[] = [
    ...jobs.map((job) => mountedBy(job, cluster)),
    { of, mounts, cluster, passing: args.pool !== undefined },
  ];
  const diskVolumes = diskOf(...mounted);
  const requests = { memory: limits.memory, cpu: limits.cpu, ...args.reservations };
  const container = toContainer(
    {
      name: "session",
      image: args.image,
      user,
      program: ["/usr/local/bin/session-entrypoint"],
      environment: { ...environmentOf(args), ...secretEnvironmentOf(args), ...limitedElsewhere },
      mounts,
      limits,
      requests,
      diskVolumes,
    },
    of,
  );
  const logs = mounts.filter(isLogs);
  const aliases = args.parts.flatMap((part) => part.aliases ?? []);
  const { appArmorProfile } = args.security ?? {};
  // They have the session's network, and so its way out.
  const wayOut: Readonly<Record<string, string>> = Object.assign({}, ...args.parts.map(({ environment }) => environment));
  const inits = [
    ...jobs.map((job) =>
      toInitContainer({ ...job, environment: { ...wayOut, ...job.environment } }, shortened(job.name), diskVolumes, requests),
    ),
    ...logs.map((mount) => logsFolder(mount, { args, of, gid: user[1] })),
  ];
  return {
    serviceAccountName: of,
    ...toPod({ user, dns: dnsOf(args), ...(appArmorProfile !== undefined && { appArmorProfile }) }, cluster),
    ...(aliases.length > 0 && { hostAliases: toHosts(aliases) }),
    topologySpreadConstraints: toSpread(
      args.pool === undefined ? stackSelector(args) : selectorOf(sessionLabels(args, "session")),
      cluster,
    ),
    ...(inits.length > 0 && { initContainers: inits }),
    containers: [
      {
        ...container,
        workingDir: "/workspace",
        volumeMounts: container.volumeMounts.map((mount) => (mount.mountPath === logsTarget ? { ...mount, subPath: kept } : mount)),
        ...probesOf(args),
      },
    ],
    volumes: toVolumes(...mounted),
  };
}

/** The kubelet limits the processes of a pod (podPidsLimit) in a control group above the container's own, which nothing in it sees. */
const limitedElsewhere = { SESSION_PIDS_REQUIRED: "0" } as const;

/**
 * The lines of the hosts file. In a preview a Service that is yet to be made has no address, and the API server, which tells lines
 * apart by theirs, would refuse two without one.
 */
function toHosts(aliases: readonly Alias[]) {
  const lines = pulumi.all(aliases.map(({ host, address }) => ({ ip: address as pulumi.Input<string | undefined>, hostnames: [host] })));
  return lines.apply((all) => all.flatMap(({ ip, hostnames }) => (ip === undefined ? [] : [{ ip, hostnames }])));
}

/** Nothing answers a session without a way out, nor one whose proxy looks up names for it. */
function dnsOf({ network = {} }: SessionContainerArgs) {
  if (network.egress !== "open") return [];
  return network.dns === undefined || network.dns.length === 0 ? "cluster" : network.dns;
}

const logsTarget = "/logs";
const isLogs = ({ target, source }: Mount) => target === logsTarget && source.kind === "persistent";

/** The folder of the logs' volume that a session sees. */
const kept = "kept";

/** Another user than any session has (Debian's nobody). */
const keeper = 65_534;

/**
 * Makes the folder in which the agent may add files and not list them. A volume's own folder lets its group do all; this one
 * belongs to a user that the agent is not, so that it cannot change that.
 */
function logsFolder(mount: Mount, { args, of, gid }: { args: SessionContainerArgs; of: string; gid: number }) {
  const target = "/volume";
  const limits = { memory: 64 * 1024 ** 2, cpu: 0.1 };
  const program = ["/usr/bin/install", "-d", "-m", "1733", `${target}/${kept}`];
  const container = toContainer({ name: "logs", image: args.image, user: [keeper, gid], program, environment: {}, mounts: [], limits }, of);
  return { ...container, volumeMounts: [{ name: volumeIn(of, mount), mountPath: target, readOnly: false }] };
}

/** Sessions of a stack are spread together, whichever they are. */
function stackSelector(args: SessionContainerArgs) {
  const { [labelNames.session]: _, ...labels } = selectorOf(sessionLabels(args, "session"));
  return labels;
}

/** Seconds in which a session has to start, clones of its repositories included; the image's own limit is the same. */
const startLimit = 600;

/**
 * What the kubelet asks: whether the session has started, whether another start would help it, and whether it is well. One that
 * has failed for good, or whose disk is full, is not well and is left as it is.
 */
function probesOf(args: SessionContainerArgs) {
  const { interval, timeout, startPeriod, retries } = healthCheckOf(args);
  const asking = (option: string) => ({
    exec: { command: ["/usr/local/bin/session-health", option] },
    timeoutSeconds: timeout,
  });
  return {
    startupProbe: { ...asking("--alive"), periodSeconds: 2, failureThreshold: startLimit / 2 },
    livenessProbe: { ...asking("--alive"), initialDelaySeconds: startPeriod, periodSeconds: interval, failureThreshold: retries },
    readinessProbe: { ...asking("--report"), periodSeconds: interval, failureThreshold: 1 },
  };
}
