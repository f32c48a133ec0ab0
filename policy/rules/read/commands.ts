import { handlers } from "./kubernetes.ts";
import { record, texts } from "./value.ts";
import type { Container } from "./workload.ts";

/** The words with which a container starts: its entrypoint, then its arguments. */
export function* commandLine({ platform, spec }: Container): Iterable<string> {
  const [first, second] =
    platform === "docker"
      ? [spec.entrypoints, spec.command]
      : platform === "swarm"
        ? [spec.commands, spec.args]
        : platform === "kubernetes"
          ? [spec.command, spec.args]
          : [spec.entryPoint, spec.command];
  yield* texts(first);
  yield* texts(second);
}

/** The words of a health check, of every probe and hook on Kubernetes. */
export function* healthCommands({ platform, spec }: Container): Iterable<readonly string[]> {
  if (platform === "kubernetes") for (const handler of handlers(spec)) yield [...texts(record(handler.exec).command)];
  else if (platform === "ecs") yield [...texts(record(spec.healthCheck).command)];
  else yield [...texts(record(spec.healthcheck).tests)];
}

/** Words in a row, each with the one after it. */
export function* pairs(words: Iterable<string>): Iterable<readonly [string, string]> {
  let before: string | undefined;
  for (const word of words) {
    if (before !== undefined) yield [before, word];
    before = word;
  }
  if (before !== undefined) yield [before, ""];
}
