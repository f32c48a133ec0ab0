import { normalPath } from "./paths.ts";

/** The root of all cgroups, and those that the engine, the system and its users are in: their limits are no container's. */
const shared = /^(|-\.slice|docker|docker\.slice|(system|user|machine|init)\.(slice|scope)|kubepods(\.slice)?)$/;

/** Whether a parent cgroup is one that somebody made for a container, and may have set limits on. */
export function isOwnCgroup(parent: string | undefined): boolean {
  return parent !== undefined && !shared.test(normalPath(`/${parent}`).slice(1));
}
