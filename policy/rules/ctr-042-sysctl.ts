import { entries, record, records, text } from "./read/value.ts";
import { type Container, containersOf, type Workload } from "./read/workload.ts";
import { pss, type Rule } from "./rule.ts";

/** What Pod Security Standards leave to a pod: settings of its own namespaces that hurt no other. */
const safe = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_notsent_lowat",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_slow_start_after_idle",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
]);

function* inContainer({ platform, spec }: Container): Iterable<string> {
  if (platform === "ecs") for (const control of records(spec.systemControls)) yield text(control.namespace) ?? "";
  else if (platform !== "kubernetes") for (const [name] of entries(platform === "docker" ? spec.sysctls : spec.sysctl)) yield name;
}

function* sysctls(workload: Workload): Iterable<string> {
  for (const container of containersOf(workload)) yield* inContainer(container);
  if (workload.platform === "kubernetes")
    for (const { name } of records(record(workload.spec.securityContext).sysctls)) yield text(name) ?? "";
}

export const sysctl: Rule = {
  id: "CTR-042",
  name: "sysctl",
  title: "An unsafe kernel setting is changed",
  severity: "medium",
  frameworks: [pss("baseline")],
  remediation: "Remove it.",
  reads: "sysctls, sysctl, securityContext.sysctls, systemControls",
  *workload(workload) {
    for (const name of sysctls(workload))
      if (!safe.has(name.replaceAll("/", "."))) yield `The ${workload.title} must not change the kernel setting ${name}.`;
  },
};
