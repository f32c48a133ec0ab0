import { isDeepStrictEqual } from "node:util";
import { ApiException, HttpMethod, type KubernetesObject, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import type { Properties } from "../../../stacks/recorder/program.ts";
import { until } from "../rig.ts";

/** An object of the API, as far as all kinds have the same. */
export type ClusterObject = KubernetesObject &
  Properties & {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
  };

/** What applying an object did; a `replace` is what Pulumi's provider does where a field cannot be changed. */
export type Operation = "create" | "update" | "replace" | "delete" | "same";

export interface Applying {
  /** By this the API server knows who has set a field, unless the object itself names another, as Pulumi's provider has it. */
  readonly manager: string;
  /** Nothing is stored, but all else is done. */
  readonly dryRun?: boolean;
}

/** The client's own methods leave out what their types do not know, so that the server would never see a wrong field. */
export class ObjectApi extends KubernetesObjectApi {
  async apply(object: ClusterObject, { manager, dryRun = false }: Applying): Promise<ClusterObject> {
    const request = this.configuration.baseServer.makeRequestContext(await this.specUriPath(object, "patch"), HttpMethod.PATCH);
    request.setHeaderParam("Accept", "application/json");
    request.setHeaderParam("Content-Type", PatchStrategy.ServerSideApply);
    request.setQueryParam("fieldManager", object.metadata.annotations?.["pulumi.com/patchFieldManager"] ?? manager);
    request.setQueryParam("fieldValidation", "Strict");
    if (dryRun) request.setQueryParam("dryRun", "All");
    request.setBody(JSON.stringify(object));
    return this.requestPromise<ClusterObject>(request);
  }
}

export function nameOf({ kind, metadata }: ClusterObject): string {
  return [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join("/");
}

/**
 * Applies an object on the server's side, which refuses fields that it does not know, and those that somebody else has set.
 *
 * @throws Error with the object's name and the server's own words
 */
export async function applyObject(
  api: ObjectApi,
  object: ClusterObject,
  applying: Applying,
): Promise<{ readonly live: ClusterObject; readonly operation: Operation }> {
  const patch = () => api.apply(object, applying);
  try {
    const before = await readObject(api, object);
    const patched = await patch().catch((error: unknown) => {
      if (before === undefined || applying.dryRun || !cannotChange(error)) throw error;
      return undefined;
    });
    if (patched === undefined) {
      await removeObject(api, object);
      return { live: await patch(), operation: "replace" };
    }
    if (before === undefined) return { live: patched, operation: "create" };
    return { live: patched, operation: isDeepStrictEqual(asked(before), asked(patched)) ? "same" : "update" };
  } catch (error) {
    throw new Error(`${nameOf(object)}: ${reasonOf(error)}`, { cause: error });
  }
}

/** An object as it is now; undefined when there is none. */
export function readObject(api: KubernetesObjectApi, object: ClusterObject): Promise<ClusterObject | undefined> {
  return api.read<ClusterObject>(object).catch((error: unknown) => {
    if (codeOf(error) === 404) return undefined;
    throw error;
  });
}

/** Removes an object, and waits until it is gone with all that it owned. */
export async function removeObject(api: KubernetesObjectApi, object: ClusterObject): Promise<void> {
  await api.delete(object, undefined, undefined, undefined, undefined, "Foreground").catch((error: unknown) => {
    if (codeOf(error) !== 404) throw error;
  });
  await until(async () => (await readObject(api, object)) === undefined, 90, `The end of ${nameOf(object)}`);
}

/** What people asked for in an object: all but what the cluster keeps in it for itself. */
function asked({ status: _, metadata, ...object }: ClusterObject): object {
  const { resourceVersion, managedFields, ...kept } = metadata;
  return { ...object, metadata: kept };
}

const codeOf = (error: unknown) => (error instanceof ApiException ? error.code : undefined);

function cannotChange(error: unknown): boolean {
  return codeOf(error) === 422 && /immutable|updates to .* are forbidden/.test(reasonOf(error));
}

/** The API server's own words, where it answered. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ApiException)) return error instanceof Error ? (causeOf(error) ?? error.message) : String(error);
  try {
    return (JSON.parse(String(error.body)) as { readonly message: string }).message;
  } catch {
    return String(error.body ?? error.message);
  }
}

const causeOf = ({ cause }: Error) => (cause instanceof Error ? cause.message : undefined);
