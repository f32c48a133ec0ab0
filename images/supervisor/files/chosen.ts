// What the reader hands on of the engine's answers, in the engine's own form.
import type { Listed } from "./engine.ts";

type Labels = Readonly<Record<string, string>> | null | undefined;

/** Of a container's labels, whose it is; and what a clean-up says of itself. */
const ofContainers = ["session_id", "serves", "kind"];
const ofVolumes = [...ofContainers, "last_run", "next_run", "outcome", "report"];

const pick = <T extends object>(from: T | null | undefined, keys: readonly string[]) =>
  Object.fromEntries(keys.flatMap((key) => (from != null && Object.hasOwn(from, key) ? [[key, from[key as keyof T]]] : [])));

type Container = Omit<Listed, "Labels"> & { readonly Labels: Labels };

/** Variables of a session that say what it may hold, and whether it has a credential proxy: none of them is secret. */
const ofEnvironment = /^SESSION_(DISK_LIMIT|MODEL_PORT)=/;

/** Containers of which more is asked than whether they are there: those that serve one session, and the entrance to all of it. */
const printing = ["egress-proxy", "credential-proxy", "gateway"];

/** Of which kind a container is that sessions have or are, or the gateway; undefined for any other. */
function kindOf(labels: Labels): string | undefined {
  const { session_id: session, kind } = labels ?? {};
  if (kind === undefined) return session === undefined ? undefined : "session";
  return printing.includes(kind) ? kind : undefined;
}

export const chosen = {
  /** Sessions, the proxies that serve them, and the gateway. */
  containers: (told: unknown) =>
    (told as readonly Container[]).flatMap((container) => {
      const kind = kindOf(container.Labels);
      if (kind === undefined) return [];
      const { Id, Names, Image, State, Status, Created, Labels } = container;
      return [{ Id, Names, Image, State, Status, Created, Labels: pick(Labels, ofContainers), kind }];
    }),

  /** How a session is, and what it may use. */
  container: (told: unknown) => {
    const { Id, Name, RestartCount, State, HostConfig, Config } = told as {
      Id: string;
      Name: string;
      RestartCount: number;
      State: { Error?: string; Health?: { Log?: readonly object[] | null } | null };
      HostConfig: object;
      Config: { Image: string; Env?: readonly string[] | null };
    };
    return {
      Id,
      Name,
      RestartCount,
      State: {
        ...pick(State, ["Status", "Running", "Paused", "Restarting", "ExitCode", "StartedAt"]),
        // Why not is told in words of the engine's, which may name anything.
        Error: (State.Error ?? "") === "" ? "" : "not started",
        Health: { Log: (State.Health?.Log ?? []).map((entry) => pick(entry, ["Start", "Output"])) },
      },
      HostConfig: pick(HostConfig, ["Memory", "NanoCpus", "PidsLimit"]),
      Config: { Image: Config.Image, Env: (Config.Env ?? []).filter((variable) => ofEnvironment.test(variable)) },
    };
  },

  stats: (told: unknown) => pick(told as object, ["read", "cpu_stats", "memory_stats", "pids_stats", "blkio_stats", "networks"]),

  /** What a stack's containers and volumes hold. */
  usage: (told: unknown, stack: string) => {
    const { Containers, Volumes } = told as {
      Containers?: readonly { Id: string; Labels: Labels; SizeRw?: number }[] | null;
      Volumes?: readonly { Name: string; Labels: Labels; UsageData?: object | null }[] | null;
    };
    const own = <T extends { Labels: Labels }>(all: readonly T[] | null | undefined) =>
      (all ?? []).filter(({ Labels }) => Labels?.stack === stack && Labels.created_by === "agent-sessions");
    return {
      Containers: own(Containers).map(({ Id, SizeRw }) => ({ Id, SizeRw })),
      Volumes: own(Volumes).map(({ Name, Labels, UsageData }) => ({ Name, Labels: pick(Labels, ofVolumes), UsageData })),
    };
  },

  /** When, and of whom. The moment is a number with more digits than are read as one. */
  event: (text: string) => {
    const { Actor } = JSON.parse(text) as { Actor?: { Attributes?: Labels } };
    const [, moment = "0"] = /"timeNano":(\d+)/.exec(text) ?? [];
    return `{"timeNano":${moment},"Actor":{"Attributes":${JSON.stringify(pick(Actor?.Attributes, ofContainers))}}}`;
  },

  volumes: (told: unknown) => ({
    Volumes: ((told as { Volumes?: readonly { Name: string; Labels: Labels }[] | null }).Volumes ?? []).map(({ Name, Labels }) => ({
      Name,
      Labels: pick(Labels, ofVolumes),
    })),
  }),
};
