import { fromHome } from "../../components/session-volumes/host-path.ts";
import type { CleanupInput, dataKinds } from "./cleanup-schema.ts";
import { type HostPath, hostPath } from "./host-paths.ts";
import { shown } from "./sentences.ts";

/** What a session keeps in a volume. */
export type DataKind = (typeof dataKinds)[number];

/** What makes something go; seconds, and percent of the engine's disk. */
export type CleanupTrigger =
  | { readonly kind: "manual" }
  | { readonly kind: "age"; readonly seconds: number }
  | { readonly kind: "complete"; readonly seconds: number }
  | { readonly kind: "disk"; readonly percent: number };

/** Where and how volumes are kept. */
export interface ArchiveSetting {
  /** Absolute. */
  readonly folder: string;
  /** gzip's level; left out for none. */
  readonly level?: number;
}

/** What may go, when and how. */
export interface CleanupPolicy {
  readonly name: string;
  readonly volumes: readonly DataKind[];
  /** Sessions' containers, with all that serves them. */
  readonly containers: boolean;
  /** Left out for all that the trigger is for. */
  readonly sessions?: readonly string[];
  readonly trigger: CleanupTrigger;
  /** Seconds that a container is given to stop; left out where it is not asked to. */
  readonly grace?: number;
  /** What is done with volumes before they go. @default nothing */
  readonly archive?: ArchiveSetting;
}

/** Seconds that a container is given where its volumes are archived: what it has not written would be in no archive. */
const archiveGrace = 10;

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveCleanup(
  given: CleanupInput | undefined,
  root: string,
  judged: boolean,
  mistakes: string[],
): { readonly policies: readonly CleanupPolicy[]; readonly hostPaths: readonly HostPath[] } {
  if (given === undefined || !judged) return { policies: [], hostPaths: [] };
  const names = new Map<string, number>();
  const policies = given.policies.map((policy, index): CleanupPolicy => {
    const first = names.get(policy.name);
    if (first !== undefined)
      mistakes.push(`${at(index)}.name: "${policy.name}" is taken by ${at(first)}; choose another, as --policy asks for one by it.`);
    names.set(policy.name, first ?? index);
    mistakes.push(...contradictions(policy, index));
    const { name, volumes = [], containers = false, sessions, trigger, strategy } = policy;
    const grace = strategy === "delete" ? undefined : (strategy.graceful ?? archiveGrace);
    const archive = strategy !== "delete" && "archive" in strategy ? strategy : undefined;
    return {
      name,
      volumes: [...new Set(volumes)],
      containers,
      ...(sessions !== undefined && { sessions }),
      trigger: triggerOf(trigger),
      ...(grace !== undefined && { grace }),
      ...(archive !== undefined && {
        archive: { folder: fromHome(archive.archive, root), ...(archive.compress !== undefined && { level: archive.compress }) },
      }),
    };
  });
  const hostPaths = policies.flatMap(({ archive }, index) =>
    archive === undefined ? [] : [hostPath(archive.folder, { named: archiveKey(given, index), writable: false })],
  );
  return { policies, hostPaths };
}

type PolicyInput = CleanupInput["policies"][number];

const at = (index: number) => `cleanup.policies[${index}]`;

function archiveKey({ policies }: CleanupInput, index: number): string {
  const { strategy } = policies[index] as PolicyInput;
  return `${at(index)}.strategy.archive: ${shown((strategy as { archive?: string }).archive)}`;
}

function triggerOf(trigger: PolicyInput["trigger"]): CleanupTrigger {
  if (trigger === "manual") return { kind: "manual" };
  if ("age" in trigger) return { kind: "age", seconds: trigger.age };
  return "disk" in trigger ? { kind: "disk", percent: trigger.disk } : { kind: "complete", seconds: trigger.complete };
}

/** What can never come to anything. */
function contradictions({ volumes = [], containers = false, sessions, trigger, strategy }: PolicyInput, index: number): string[] {
  const found: string[] = [];
  const refuse = (rest: string) => void found.push(`${at(index)}${rest}.`);
  if (volumes.length === 0 && !containers) refuse(": names nothing that may go; write volumes: [logs], or containers: true");
  if (sessions?.length === 0) refuse(".sessions: [] is empty, so nothing would ever go; name sessions, or remove the key");
  if (trigger !== "manual" && "complete" in trigger && !containers)
    refuse(".trigger: complete never comes true for volumes alone, as the session still has them mounted; write containers: true too");
  if (strategy === "delete") return found;
  if ("archive" in strategy && volumes.length === 0)
    refuse(".strategy: archive is for volumes, and the policy names none; write which, or another strategy");
  if (!("archive" in strategy) && !containers)
    refuse(".strategy: graceful stops containers, and the policy names none; write containers: true, or the strategy delete");
  return found;
}
