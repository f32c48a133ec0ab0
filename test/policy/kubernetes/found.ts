import { evaluate, type Finding, type PolicyConfig, type Resource } from "../../../policy/evaluate.ts";
import { resource } from "../fixtures.ts";

/** What is said of resources: `CTR-006 critical`, once each. */
export function violations(resources: Resource | readonly Resource[], config: PolicyConfig = {}): string[] {
  return of(resources, "violation", config);
}

/** Rules that could not be judged. */
export function missed(resources: Resource | readonly Resource[], config: PolicyConfig = {}): string[] {
  return of(resources, "not-evaluated", config);
}

function of(resources: Resource | readonly Resource[], wanted: Finding["verdict"], config: PolicyConfig): string[] {
  const { findings } = evaluate([resources].flat(), { config });
  return [...new Set(findings.filter(({ verdict }) => verdict === wanted).map(({ rule, severity }) => `${rule} ${severity}`))].sort();
}

/** A Kubernetes object as its provider registers it; `apps/v1:Deployment` is the type. */
export function object(type: string, props: Record<string, unknown>, name = "alpha"): Resource {
  const [version = "", kind] = type.split(":");
  return resource(`kubernetes:${type}`, name, {
    apiVersion: version.replace(/^core\//, ""),
    kind,
    metadata: { name, namespace: "sessions" },
    ...props,
  });
}
