import type { V1LabelSelector, V1NetworkPolicy } from "@kubernetes/client-node";

type Labels = Readonly<Record<string, string>>;

/** Whether a policy is about a pod with these labels, of its own namespace. */
export const selects = ({ spec }: V1NetworkPolicy, labels: Labels): boolean => matches(spec?.podSelector ?? {}, labels);

/** Whether a selector takes labels; one that says nothing takes all. */
export function matches({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          // An operator of a later version may take anything.
          return true;
      }
    })
  );
}
