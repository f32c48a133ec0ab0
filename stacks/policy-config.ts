import type { PolicyConfig } from "../policy/evaluate.ts";
import type { Settings } from "./settings.ts";

/** What the settings ask the policy rules to let pass: the content of a `--policy-pack-config` file. */
export function policyConfig({ local, sessions }: Settings): PolicyConfig {
  const exceptions = sessions.flatMap(({ id, credentials }) => (credentials.kind === "environment" ? [{ resource: `${id}-container`, ...credentials.exception }] : []));
  return {
    // Sharing the host's network is refused unless the strategy's own option asks for it; then it is advice.
    ...(local.hostNetwork && { "CTR-008": { allowHostNetwork: true } }),
    // A value in the form of a known key is a graver finding, and that is a policy of its own.
    ...(exceptions.length > 0 && { "CTR-026": { exceptions }, "CTR-026-critical": { exceptions } }),
  };
}
