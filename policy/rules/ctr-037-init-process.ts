import { commandLine } from "./read/commands.ts";
import { flag, record } from "./read/value.ts";
import { type Container, runsOnce } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

/** Programs that reap orphans and hand signals on. */
const inits = new Set(["tini", "tini-static", "dumb-init", "catatonit", "docker-init", "s6-svscan"]);

function hasInit(container: Container): boolean {
  const { platform, spec } = container;
  if (flag(platform === "ecs" ? record(spec.linuxParameters).initProcessEnabled : spec.init) === true) return true;
  for (const word of commandLine(container)) return inits.has(word.split("/").at(-1) ?? "");
  return false;
}

export const initProcess: Rule = {
  id: "CTR-037",
  name: "init-process",
  title: "There is no init process",
  severity: "low",
  frameworks: [],
  remediation: "Set init: true, or start with tini or dumb-init.",
  reads: "init, entrypoints, linuxParameters.initProcessEnabled",
  automatic: true,
  platforms: ["docker", "swarm", "ecs"],
  *container(container) {
    if (runsOnce(container) || hasInit(container)) return;
    yield `The ${container.title} must have an init process that reaps orphans and forwards signals.`;
  },
};
