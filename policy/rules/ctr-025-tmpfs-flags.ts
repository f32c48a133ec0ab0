import { entries, record, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

const words = (options: string): string[] => options.split(",").map((word) => word.trim());

export const tmpfsFlags: Rule = {
  id: "CTR-025",
  name: "tmpfs-flags",
  title: "A tmpfs takes setuid files or devices",
  severity: "low",
  frameworks: [],
  remediation: "Add nosuid and nodev, and noexec wherever nothing is to be run.",
  reads: "tmpfs, driverOpts",
  automatic: true,
  kinds: ["docker:Volume"],
  platforms: ["docker"],
  *container({ spec, title }) {
    for (const [path, options] of entries(spec.tmpfs)) {
      const given = words(text(options) ?? "");
      const loose = ["suid", "dev", ...(path.startsWith("/workspace") ? [] : ["exec"])].filter((word) => given.includes(word));
      if (loose.length > 0) yield `The ${title} must not mount its tmpfs on ${path} with ${loose.join(", ")}.`;
    }
  },
  *resource({ name, props }) {
    const { type, o } = record(props.driverOpts);
    if (text(type) !== "tmpfs") return;
    const given = words(text(o) ?? "");
    const missing = ["nosuid", "nodev"].filter((word) => !given.includes(word));
    if (missing.length > 0) yield `The volume "${name}" must mount its tmpfs with ${missing.join(", ")}.`;
  },
};
