import { rules } from "./rules/index.ts";
import type { Admission as Condition } from "./rules/rule.ts";

/**
 * What a Kubernetes cluster holds every pod to by itself, of the same rules: the spec of a ValidatingAdmissionPolicy, for what Pod
 * Security Standards leave open. A cluster knows nothing of who made a pod, so a pod that came by another way is held to it too.
 */
export interface Admission {
  /** What the conditions have in common. */
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly Condition[];
}

const listed = (field: string) => `(has(object.spec.${field}) ? object.spec.${field} : [])`;

/** @param images those that need no digest, by their whole names: a deployment's own, in the nodes' store */
export function admission(images: readonly string[]): Admission {
  return {
    variables: [
      // An ephemeral container can have no limits: it has a share of what its pod has.
      { name: "lasting", expression: `object.spec.containers + ${listed("initContainers")}` },
      { name: "containers", expression: `variables.lasting + ${listed("ephemeralContainers")}` },
      { name: "images", expression: JSON.stringify(images) },
    ],
    validations: rules.flatMap(({ id, name, admission: condition }) =>
      condition === undefined ? [] : [{ expression: condition.expression, message: `${condition.message} (${id} ${name})` }],
    ),
  };
}
