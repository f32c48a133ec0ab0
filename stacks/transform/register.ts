import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { SettingsError } from "../settings/error.ts";
import type { TransformFile } from "../settings/transform.ts";
import { ShownInputs } from "./shown.ts";
import { readAnswer, type Transform, type TransformOptions } from "./transform.ts";

/**
 * Has the engine show every resource that the program asks for from now on to the user's own transform, before policies judge it and
 * before it is made. Components have no inputs, and which platform a provider speaks to is for the settings to say: neither is shown.
 *
 * @param say told of each resource that it changed
 * @throws SettingsError when the file cannot be loaded
 */
export async function registerTransform(file: TransformFile, say: (line: string) => void): Promise<void> {
  const transform = await load(file);
  pulumi.runtime.registerResourceTransform(async (resource) => {
    const { custom, type, name } = resource;
    if (!custom || type.startsWith("pulumi:providers:")) return undefined;
    try {
      const result = await transformed(resource, transform);
      if (result === undefined) return undefined;
      say(`${file.name} changes ${type.split(":").at(-1)} ${name}: ${result.changed.join(", ")}`);
      return result;
    } catch (error) {
      throw new Error(`the transform ${file.name} failed at ${type} ${name}: ${(error as Error)?.message ?? error}`);
    }
  });
}

async function load({ key, name, path }: TransformFile): Promise<Transform> {
  const refuse = (rest: string) => new SettingsError([`${key}: ${JSON.stringify(name)} ${rest}.`]);
  const module = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    const [why] = String((error as Error)?.message ?? error).split("\n");
    throw refuse(`cannot be loaded (${why}); mend it, or remove the key`);
  })) as { readonly default?: unknown };
  if (typeof module.default !== "function") throw refuse("exports no function; write export default (resource) => …");
  return module.default as Transform;
}

type Result = pulumi.ResourceTransformResult & { readonly changed: readonly string[] };

async function transformed({ type, name, props, opts }: pulumi.ResourceTransformArgs, transform: Transform): Promise<Result | undefined> {
  const shown = new ShownInputs(props, isPlain);
  const { ignoreChanges = [], protect = false, retainOnDelete = false } = opts;
  const { deleteBeforeReplace = false } = opts as pulumi.CustomResourceOptions;
  const options: TransformOptions = Object.freeze({
    protect,
    retainOnDelete,
    deleteBeforeReplace,
    ignoreChanges: Object.freeze([...ignoreChanges]),
  });
  const answer = readAnswer(await transform(Object.freeze({ type, name, inputs: shown.inputs, options })));
  const restored = answer.inputs && shown.restore(answer.inputs);
  const changedOptions = Object.entries(answer.options ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(options[key as keyof TransformOptions]),
  );
  if (restored === undefined && changedOptions.length === 0) return undefined;
  return {
    props: restored?.inputs ?? props,
    // The SDK leaves options alone of which nothing is said, and would else write them all anew.
    opts: (changedOptions.length === 0 ? undefined : { ...opts, ...Object.fromEntries(changedOptions) }) as pulumi.ResourceOptions,
    changed: [...(restored?.changed ?? []), ...changedOptions.map(([key]) => `options.${key}`)],
  };
}

/** What is no plain value is withheld: a secret in either of the SDK's forms, an unknown value, another resource, an asset. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  return Object.getPrototypeOf(value) === Object.prototype && !(pulumi.runtime.specialSigKey in value);
}
