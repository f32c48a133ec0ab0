import { texts } from "./value.ts";
import type { Container } from "./workload.ts";

/** One engine security option. A bare word has no value. */
export interface SecurityOption {
  readonly name: string;
  readonly value: string | undefined;
}

/** `name=value`, the old `name:value`, or a bare word, as the engine splits them. */
export function securityOption(written: string): SecurityOption {
  const option = written.trim();
  const at = option.includes("=") ? option.indexOf("=") : option.indexOf(":");
  if (at < 0) return { name: option.toLowerCase(), value: undefined };
  return { name: option.slice(0, at).trim().toLowerCase(), value: option.slice(at + 1).trim() };
}

/** The security options of a Docker container, or of an ECS one. Other platforms have fields of their own. */
export function* securityOptions(container: Container): Iterable<SecurityOption> {
  const { platform, spec } = container;
  if (platform !== "docker" && platform !== "ecs") return;
  for (const written of texts(platform === "docker" ? spec.securityOpts : spec.dockerSecurityOptions)) yield securityOption(written);
}
