import { managerRefusal, type SwarmInfo } from "../../../components/swarm/state.ts";
import type { Finding } from "../platform.ts";

interface DaemonInfo extends SwarmInfo {
  readonly SecurityOptions?: readonly string[] | null;
}

/** Whether the engine manages a swarm, and what no service can be given, so that the daemon of its node has to see to it. */
export function examineDaemon(info: DaemonInfo): Finding[] {
  const options = (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, ""));
  const refusal = managerRefusal(info);
  const profile = options.find((option) => option.startsWith("seccomp"))?.replace(/^seccomp,profile=/, "") ?? "none";
  const stock = ["default", "builtin", "none", "seccomp"].includes(profile);
  const raised = !options.includes("no-new-privileges");
  return [
    refusal === undefined
      ? { subject: "swarm", found: `manager, node ${info.Swarm?.NodeID ?? ""}`, verdict: "ok", means: "sessions are services of this node" }
      : { subject: "swarm", found: "no manager", verdict: "missing", means: `no session can be rolled out: the engine ${refusal}` },
    {
      subject: "new privileges",
      found: raised ? "the engine does not say that it refuses them" : "refused by the daemon",
      verdict: raised ? "note" : "ok",
      means: raised
        ? 'a program with rights of its own could hand them on, and the images hold none; write "no-new-privileges": true into daemon.json. Engines before 25 do not tell: sessions verify tries it'
        : "no program gets rights that the session has not",
    },
    {
      subject: "system calls of services",
      found: stock ? "the engine's own profile" : profile,
      verdict: stock ? "note" : "ok",
      means: stock
        ? 'more than work needs; write "seccomp-profile": FILE into daemon.json, as components/seccomp/README.md says'
        : "those of the profile that the daemon was given",
    },
  ];
}
