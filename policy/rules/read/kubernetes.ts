import { once } from "./once.ts";
import type { Subject } from "./subject.ts";
import { entries, isRecord, type Props, record, records, text, texts } from "./value.ts";

export function metadataOf(subject: Subject): Props {
  return record(subject.props.metadata);
}

/** The namespace of an object; `default` where none is named. */
export function namespaceOf(subject: Subject): string {
  return text(metadataOf(subject).namespace) ?? "default";
}

export function nameOf(subject: Subject): string {
  return text(metadataOf(subject).name) ?? subject.name;
}

export function specOf(subject: Subject): Props {
  return record(subject.props.spec);
}

/** Whether labels meet a label selector. An empty selector meets all. */
export function selects(selector: unknown, labels: Props): boolean {
  for (const isMet of conditionsOf(record(selector))) if (!isMet(labels)) return false;
  return true;
}

/** What a label selector asks for, read once for all pods and policies of a stack. */
const conditionsOf = once(function* ({ matchLabels, matchExpressions }: Props): Iterable<(labels: Props) => boolean> {
  for (const [key, value] of entries(matchLabels)) {
    const wanted = text(value);
    yield (labels) => text(labels[key]) === wanted;
  }
  for (const expression of records(matchExpressions)) {
    const key = text(expression.key) ?? "";
    const values = [...texts(expression.values)];
    const operator = text(expression.operator);
    yield (labels) => {
      const found = text(labels[key]);
      if (operator === "Exists") return found !== undefined;
      if (operator === "DoesNotExist") return found === undefined;
      if (operator === "In") return found !== undefined && values.includes(found);
      return operator !== "NotIn" || found === undefined || !values.includes(found);
    };
  }
});

/** How a sentence calls an object: `Role "reader"`. */
export function title(subject: Subject): string {
  return `${subject.kind.slice("kubernetes:".length)} "${subject.name}"`;
}

/** Every probe and lifecycle hook of a container. */
export function* handlers(container: Props): Iterable<Props> {
  for (const key of ["livenessProbe", "readinessProbe", "startupProbe"]) if (isRecord(container[key])) yield record(container[key]);
  const lifecycle = record(container.lifecycle);
  for (const key of ["postStart", "preStop"]) if (isRecord(lifecycle[key])) yield record(lifecycle[key]);
}
