import { authStem, cloneParts, credentialProxyName } from "../../../components/session.ts";
import type { LiveObject } from "../../embedded/live.ts";

/** The objects of the sessions named, and of clones that no other session has mounted. */
export function ofSessions(objects: readonly LiveObject[], ids: readonly string[] | undefined): readonly LiveObject[] {
  if (ids === undefined) return objects;
  // Networks that no session is in are labelled as none's.
  const networks = new Set(ids.flatMap((id) => [authStem(id), credentialProxyName(id)]));
  const ofThem = ({ kind, name, labels }: LiveObject) =>
    ids.some((id) => labels.session_id === id || labels.serves === id) || (kind === "network" && networks.has(name));
  const isClone = ({ labels }: LiveObject) => labels.kind === "repository";
  const mounted = new Set(objects.flatMap((object) => (isClone(object) || ofThem(object) ? [] : (object.volumes ?? []))));
  const inUse = ({ name }: LiveObject) => [...mounted].some((volume) => cloneParts(volume).includes(name));
  return objects.filter((object) => ofThem(object) || (isClone(object) && !inUse(object)));
}
