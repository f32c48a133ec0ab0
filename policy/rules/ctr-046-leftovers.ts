import { baseline } from "../baseline.ts";
import { environment } from "./read/environment.ts";
import { flag, record, texts } from "./read/value.ts";
import { type Container, runsOnce } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

function resolvers({ platform, spec, workload }: Container): Iterable<string> {
  if (platform === "docker") return texts(spec.dns);
  if (platform === "swarm") return texts(record(spec.dnsConfig).nameservers);
  return texts(platform === "ecs" ? spec.dnsServers : record(workload.spec.dnsConfig).nameservers);
}

function isInteractive({ platform, spec }: Container): boolean {
  if (platform === "kubernetes") return flag(spec.tty) === true && flag(spec.stdin) === true;
  if (platform === "ecs") return flag(spec.pseudoTerminal) === true && flag(spec.interactive) === true;
  return platform === "docker" && flag(spec.tty) === true && flag(spec.stdinOpen) === true;
}

export const leftovers: Rule = {
  id: "CTR-046",
  name: "leftovers",
  title: "Something is left over from debugging, or names go to a foreign resolver",
  severity: "low",
  frameworks: [],
  remediation: "Remove it.",
  reads: "tty, stdinOpen, attach, dns, dnsConfig, dnsServers, environment",
  settings: {
    resolvers: {
      type: "array",
      items: { type: "string" },
      description: "Resolvers that containers may ask.",
      default: [],
    },
  },
  *container(container, settings) {
    const { platform, spec, title } = container;
    if (isInteractive(container)) yield `The ${title} must not wait for a person at a terminal.`;
    if (platform === "docker" && !runsOnce(container) && flag(spec.attach) === true)
      yield `The ${title} must not hold the deployment until it ends.`;
    const allowed = [...baseline.sealedDns, ...texts(settings.resolvers)];
    for (const resolver of resolvers(container))
      if (!allowed.includes(resolver)) yield `The ${title} must not ask the resolver ${resolver}.`;
    for (const { name, value } of environment(container)) {
      const turnedOff =
        (name === "NODE_TLS_REJECT_UNAUTHORIZED" && value === "0") || (name === "GIT_SSL_NO_VERIFY" && !/^(|0|false)$/i.test(value));
      if (turnedOff) yield `The ${title} must check certificates: remove ${name}.`;
    }
  },
};
