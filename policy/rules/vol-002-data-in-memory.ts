import { mountsOf } from "./read/mounts.ts";
import { isWithin } from "./read/paths.ts";
import { isOurs } from "./read/session.ts";
import { each, entries, record, text } from "./read/value.ts";
import { containersOf, workloadsOf } from "./read/workload.ts";
import { about, type Rule } from "./rule.ts";

/** Where data must outlive a restart. */
const durable = ["/session", "/logs"];

const mustLast = (path: string): boolean => durable.some((folder) => isWithin(path, folder));

export const dataInMemory: Rule = {
  id: "VOL-002",
  name: "data-in-memory",
  title: "Session data or logs are in memory",
  severity: "medium",
  frameworks: [],
  remediation: "Use a local volume, or EFS: a tmpfs is empty after any restart.",
  reads: "tmpfs, mounts, driverOpts",
  platforms: ["docker"],
  *container({ spec, title, workload }) {
    // Folders of these names are a session's; elsewhere they may hold anything.
    if (!isOurs(workload.subject)) return;
    for (const [path] of entries(spec.tmpfs)) if (mustLast(path)) yield `The ${title} must keep ${path} on a volume.`;
  },
  *stack(subjects) {
    const inMemory = new Set<string>();
    for (const { kind, name, props } of subjects)
      if (kind === "docker:Volume" && text(record(props.driverOpts).type) === "tmpfs") inMemory.add(text(props.name) ?? name);
    if (inMemory.size === 0) return;
    yield* each(subjects, function* (subject) {
      for (const workload of workloadsOf(subject)) {
        if (workload.platform !== "docker" || !isOurs(subject)) continue;
        for (const container of containersOf(workload))
          for (const { source, target } of mountsOf(container))
            if (inMemory.has(source) && mustLast(target))
              yield about(subject, `The ${container.title} must keep ${target} on a volume that is not in memory.`);
      }
    });
  },
};
