import { flag, text } from "./read/value.ts";
import { cis, graded, pss, type Rule } from "./rule.ts";

export const hostIpc: Rule = {
  id: "CTR-010",
  name: "host-ipc",
  title: "Container shares the host's IPC or cgroup namespace",
  severity: "high",
  also: ["medium"],
  frameworks: [cis("5.17"), cis("5.21"), pss("baseline")],
  remediation: "Use a private IPC namespace, or none, and a private cgroup namespace.",
  reads: "ipcMode, cgroupnsMode, hostIPC",
  *workload({ platform, spec, title }) {
    if (platform === "kubernetes") {
      if (flag(spec.hostIPC) === true) yield `The ${title} must not share the host's IPC namespace.`;
      return;
    }
    const ipc = text(spec.ipcMode)?.toLowerCase();
    if (ipc === "host") yield `The ${title} must not share the host's IPC namespace.`;
    if (ipc === "shareable") yield graded("medium", `The ${title} must not offer its IPC namespace to other containers.`);
    if (platform === "docker" && text(spec.cgroupnsMode)?.toLowerCase() === "host")
      yield `The ${title} must not share the host's cgroup namespace.`;
  },
};
