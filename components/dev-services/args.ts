import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { quickCheck } from "../monitoring/args.ts";
import { type Logs, part, scratch, type Service, type SessionPart } from "../session-part.ts";
import { type Owner, type Port, portAuthority, serviceName } from "../session.ts";

/** Servers that the work of sessions needs, and that are nobody's but theirs. */
export interface DevServiceArgs extends Owner {
  readonly service: DevServiceName;
  /** The image `dev-services`. */
  readonly image: pulumi.Input<string>;
  /** Of this machine, on 127.0.0.1. @default 5433 for PostgreSQL, 6380 for Redis */
  readonly port?: number;
  /** How what it prints is kept. @default json-file */
  readonly logs?: Logs | undefined;
}

export const devServiceNames = ["postgresql", "redis"] as const;
export type DevServiceName = (typeof devServiceNames)[number];

interface Known {
  /** Where it listens in its container. */
  readonly listens: number;
  /** Where it is published when nothing else is said: beside what a machine may have of its own. */
  readonly port: number;
  /** How its addresses begin. */
  readonly scheme: string;
  /** Where it keeps its data. */
  readonly data: string;
  /** What clients in a session read for themselves. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where a session finds a service: its socket, and the password in the file `password`. */
export const devServiceFolder = (service: DevServiceName): string => `/run/services/${service}`;

export const devServices: Readonly<Record<DevServiceName, Known>> = {
  postgresql: {
    listens: 5432,
    port: 5433,
    scheme: "postgresql",
    data: "/var/lib/postgresql",
    environment: {
      PGHOST: devServiceFolder("postgresql"),
      PGUSER: "dev",
      PGDATABASE: "dev",
      // By these what is built on libpq finds the password too.
      PGSERVICEFILE: `${devServiceFolder("postgresql")}/service.conf`,
      PGSERVICE: "dev",
    },
  },
  redis: { listens: 6379, port: 6380, scheme: "redis", data: "/var/lib/redis", environment: {} },
};

const MiB = 1024 ** 2;
const limits = { memory: 512 * MiB, cpu: 1, processes: 256 } as const;

/** No session has this uid, and the image names no user of it. */
const user = 14_002;

/** The network by which a service is published. Nothing else is on it. */
export const devServiceNetwork = (args: Pick<DevServiceArgs, "stack" | "service">): string => serviceName(args, args.service);

/** For this machine alone. */
export function devServicePort({ service, port = devServices[service].port }: Pick<DevServiceArgs, "service" | "port">): Port {
  return { container: devServices[service].listens, host: port, address: baseline.publishAddress, protocol: "tcp" };
}

/** What a service may do, and where it is open. */
export const devServiceAuthority = (args: DevServiceArgs): string[] => [`${args.service}: ${portAuthority(devServicePort(args))}`];

const leaves = (args: Pick<DevServiceArgs, "stack" | "service">) =>
  ({ kind: "companion", companion: serviceName(args, args.service), leaves: "socket" }) as const;

/** The server, which makes its password at its first start. */
export function devService(args: DevServiceArgs): Service {
  const { service } = args;
  return {
    name: serviceName(args, service),
    kind: service,
    runs: "beside",
    image: args.image,
    user,
    program: [`/usr/local/bin/${service}-start`],
    environment: {},
    mounts: [
      { target: devServices[service].data, readOnly: false, source: { kind: "persistent", name: "data" } },
      { target: "/run/service", readOnly: false, source: leaves(args) },
      scratch,
    ],
    limits,
    // Its first start makes its files.
    health: { ...quickCheck, command: [`/usr/local/bin/${service}-health`], startPeriod: 60 },
    reaches: "nothing",
  };
}

/**
 * All that a session has of a service that it lists. A socket in a volume reaches it without a network: a sealed session has none for
 * it, and no two sessions come to share one.
 */
export function devServicePart(args: Pick<DevServiceArgs, "stack" | "service">): SessionPart {
  const { service } = args;
  return part({
    mounts: [{ target: devServiceFolder(service), readOnly: true, source: leaves(args) }],
    environment: devServices[service].environment,
    authority: [`${service}, and what others that list it keep there`],
  });
}
