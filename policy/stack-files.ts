/** Resources from files that the Pulumi CLI writes, so that a stack can be judged without its program. */
import type { Resource } from "./evaluate.ts";
import { isRecord, type Props, unknown } from "./rules/read/value.ts";

/** The resources of a `pulumi stack export`. */
export function fromState(file: unknown): Resource[] {
  const deployment = isRecord(file) && isRecord(file.deployment) ? file.deployment : file;
  if (!isRecord(deployment)) throw new Error("this is no stack export: it must be an object that holds a deployment");
  const resources = deployment.resources ?? [];
  if (!Array.isArray(resources)) throw new Error("this is no stack export: deployment.resources must be a list");
  // What is about to be deleted is still in the state; what is only read belongs to somebody else.
  return resources.filter((one) => isRecord(one) && one.delete !== true && one.external !== true).map((one) => resourceOf(one, one.inputs));
}

/** The resources that a `pulumi preview --json` is going to leave. */
export function fromPreview(file: unknown): Resource[] {
  if (!isRecord(file) || !Array.isArray(file.steps))
    throw new Error("this is no preview: it must be an object with a list of steps; write it with pulumi preview --json");
  const byUrn = new Map<string, Resource>();
  for (const step of file.steps) {
    if (!isRecord(step) || !isRecord(step.newState) || /^(delete|discard|read)/.test(String(step.op))) continue;
    const resource = resourceOf(step.newState, hidden(step.newState.inputs));
    byUrn.set(resource.urn, resource);
  }
  return [...byUrn.values()];
}

function resourceOf(state: Props, inputs: unknown): Resource {
  const urn = String(state.urn);
  return {
    urn,
    type: String(state.type ?? typeOf(urn)),
    name: urn.split("::").slice(3).join("::"),
    props: isRecord(inputs) ? { ...inputs } : {},
    custom: state.custom === true,
    protect: state.protect === true,
    retainOnDelete: state.retainOnDelete === true,
    ignoreChanges: strings(state.ignoreChanges),
    dependencies: strings(state.dependencies),
    ...(typeof state.parent === "string" && { parent: state.parent }),
  };
}

/** The type in a URN is preceded by those of its parents. */
const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);

const signatureKey = "4dabf18193072939515e22adb298388d";

/** A preview writes `[secret]` for secrets: they are there, and not known. */
function hidden(value: unknown): unknown {
  if (value === "[secret]") return { [signatureKey]: "1b47061264138c4ac30d75fd1eb44270", value: unknown };
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(inner)]));
}
