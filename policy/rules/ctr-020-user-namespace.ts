import { flag, text } from "./read/value.ts";
import { onWindows } from "./read/workload.ts";
import { advice, cis, type Rule } from "./rule.ts";

export const userNamespace: Rule = {
  id: "CTR-020",
  name: "user-namespace",
  title: "Container uses the host's user namespace",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("5.31")],
  remediation: "Remove it, and turn on userns-remap (Kubernetes: hostUsers: false).",
  reads: "usernsMode, hostUsers",
  platforms: ["docker", "kubernetes"],
  *workload(workload) {
    const { platform, spec, title } = workload;
    if (onWindows(workload)) return;
    if (platform === "docker" && text(spec.usernsMode)?.toLowerCase() === "host")
      yield `The ${title} must not turn the engine's user namespaces off.`;
    if (platform === "kubernetes" && flag(spec.hostUsers) !== false)
      yield advice(`The ${title} must set hostUsers to false where nodes support user namespaces.`);
  },
};
