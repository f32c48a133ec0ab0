import { baseline } from "../baseline.ts";
import { commandLine } from "./read/commands.ts";
import { environment } from "./read/environment.ts";
import { isOurs } from "./read/session.ts";
import { skipsHostKey } from "./read/ssh.ts";
import { flag, record, texts } from "./read/value.ts";
import { type Container, runsOnce } from "./read/workload.ts";
import { advice, type Rule, type Settings } from "./rule.ts";

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

const resolverMessage = (title: string, resolver: string): string => `The ${title} must not ask the resolver ${resolver}.`;

/** Which resolvers are right is known for a session, and where somebody has listed them. */
const presumes = ({ workload }: Container, settings: Settings): boolean =>
  isOurs(workload.subject) || [...texts(settings.resolvers)].length > 0;

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
      if (!allowed.includes(resolver))
        yield presumes(container, settings) ? resolverMessage(title, resolver) : advice(resolverMessage(title, resolver));
    for (const word of commandLine(container)) if (skipsHostKey(word)) yield `The ${title} must check the keys of hosts in its command.`;
    for (const { name, value } of environment(container)) {
      const turnedOff =
        (name === "NODE_TLS_REJECT_UNAUTHORIZED" && value === "0") ||
        (name === "GIT_SSL_NO_VERIFY" && !/^(|0|false)$/i.test(value)) ||
        (name === "ANSIBLE_HOST_KEY_CHECKING" && /^(0|false|no)$/i.test(value));
      if (
        /^(GIT_SSH_COMMAND|GIT_SSH|RSYNC_RSH|SSH_OPTIONS|SSH_OPTS|ANSIBLE_SSH_ARGS|ANSIBLE_SSH_COMMON_ARGS)$/.test(name) &&
        skipsHostKey(value)
      )
        yield `The ${title} must check the keys of hosts: change ${name}.`;
      if (turnedOff) yield `The ${title} must check certificates: remove ${name}.`;
    }
  },
};
