import { list, record, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

/** A list that a provider's inputs may carry as JSON text. */
function logins(value: unknown): Iterable<unknown> {
  if (typeof value !== "string") return list(value);
  return list(JSON.parse(value));
}

export const providerCredentials: Rule = {
  id: "PRV-002",
  name: "provider-credentials",
  title: "A provider's credentials are written out",
  severity: "high",
  frameworks: [],
  remediation: "Use roles, the environment of whoever deploys, or the engine's own log-in.",
  reads: "accessKey, secretKey, token, registryAuth[].password",
  kinds: ["pulumi:providers:aws", "pulumi:providers:aws-native", "pulumi:providers:docker"],
  *resource({ kind, name, props }) {
    if (kind.includes(":aws")) {
      for (const key of ["accessKey", "secretKey", "token"])
        if (text(props[key])) yield `The provider "${name}" must not have ${key} in its inputs.`;
    } else if (kind === "pulumi:providers:docker") {
      for (const login of logins(props.registryAuth ?? []))
        if (text(record(login).password)) yield `The provider "${name}" must not have a registry's password in its inputs.`;
    }
  },
};
