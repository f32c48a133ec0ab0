import { gunzipSync, gzipSync } from "node:zlib";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import type { Identity } from "../identity.ts";
import { stableJson } from "../recorder/compare.ts";
import type { Properties, Registration } from "../recorder/program.ts";

/** Inputs as a label holds them. @param inputs without secrets */
export function packInputs(inputs: Properties): string {
  return gzipSync(stableJson(inputs), { level: 9 }).toString("base64");
}

/** The inputs that a label holds; none when it was not written by this engine. */
export function unpackInputs(text: string | undefined): Properties | undefined {
  if (text === undefined) return undefined;
  try {
    return withoutAuthority(JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8")) as Properties);
  } catch {
    return undefined;
  }
}

/** Earlier versions kept authority in a label, so that a container was replaced for a word of it. */
function withoutAuthority(inputs: Properties): Properties {
  const { labels } = inputs as { labels?: readonly { readonly label: string }[] };
  return labels === undefined ? inputs : { ...inputs, labels: labels.filter(({ label }) => label !== "authority") };
}

/** What marks an object as made for a resource of a deployment. */
export function ownLabels(identity: Identity, registration: Registration, inputs: Properties): Record<string, string> {
  return {
    [labelNames.deployment]: identity.deployment,
    [labelNames.resource]: registration.urn,
    [labelNames.inputs]: packInputs(inputs),
    ...(registration.retainOnDelete && { [labelNames.retain]: "true" }),
  };
}
