import { isSecret } from "./read/secret-detection.ts";
import type { Subject } from "./read/subject.ts";
import { isRecord, isSealedValue, list, record, text } from "./read/value.ts";
import { advice, type Found, type Rule } from "./rule.ts";

/** A list that a provider's inputs may carry as JSON text. */
function logins(value: unknown): Iterable<unknown> {
  return list(typeof value === "string" ? JSON.parse(value) : value);
}

/** What a kubeconfig holds that lets whoever has it in; asking a program for a token is none of it. */
const admits = /["']?\b(token|client-key-data|password|id-token|refresh-token|access-token)["']?\s*:\s*["']?[^\s"'{}[\],]/;

/** Whether an input is a Pulumi secret, or a part of it is; an engine opens secrets before it asks a policy. */
const isSealed = ({ resource }: Subject, key: string): boolean => holdsSealed(resource.props[key]);

function holdsSealed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSealed);
  return isRecord(value) && (isSealedValue(value) || Object.values(value).some(holdsSealed));
}

/** Inputs of a provider that hold a credential. */
function* credentials({ kind, props }: Subject): Iterable<string> {
  const registries = kind === "pulumi:providers:docker" ? "registryAuth" : "registries";
  for (const login of logins(props[registries] ?? [])) if (text(record(login).password)) yield registries;
  if (admits.test(text(props.kubeconfig) ?? "")) yield "kubeconfig";
  for (const key of Object.keys(props)) {
    const value = key === registries || key === "kubeconfig" ? undefined : props[key];
    if (typeof value === "string" && isSecret(key, value)) yield key;
  }
}

/** Keys of users, which are better not there at all, sealed or not. */
const ofUsers = ["accessKey", "secretKey", "token"];

export const providerCredentials: Rule = {
  id: "PRV-002",
  name: "provider-credentials",
  title: "A provider's credentials are written out",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use roles, the environment of whoever deploys, or the engine's own log-in; what must be an input is a Pulumi secret.",
  reads:
    "accessKey, secretKey, token, registryAuth[].password, registries[].password, kubeconfig, and inputs of any provider that are named as secrets are",
  *resource(provider): Iterable<Found> {
    const { kind, name, props, resource } = provider;
    if (!kind.startsWith("pulumi:providers:")) return;
    const isAws = /:aws(-native)?$/.test(kind);
    if (isAws) for (const key of ofUsers) if (text(props[key])) yield `The provider "${name}" must not have ${key} in its inputs.`;
    for (const key of credentials(provider)) {
      if (isSealed(provider, key) || (isAws && ofUsers.includes(key))) continue;
      const message = `The provider "${name}" must not have a credential in its input ${key}, unless it is a Pulumi secret.`;
      // An engine shows no seal, so there it can only be said.
      yield resource.secretsOpened ? advice(message) : message;
    }
  },
};
