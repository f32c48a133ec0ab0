/** Parts of conditions in the Common Expression Language, for what a cluster holds pods to. */

/** Whether a quantity such as `4Gi` is more than none: whatever its unit, one of its digits is not zero. */
export const isSome = (quantity: string): string => `string(${quantity}).matches("^[+]?[0-9.]*[1-9]")`;

/** Whether every container that lasts has a limit. @param limit such as `memory` */
export const allLimited = (limit: string): string =>
  `variables.lasting.all(c, has(c.resources) && has(c.resources.limits) && "${limit}" in c.resources.limits && ${isSome(`c.resources.limits["${limit}"]`)})`;
