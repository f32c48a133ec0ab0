import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { hostname } from "node:os";

/** Which deployment an object belongs to: one stack of one checkout on one machine. */
export interface Identity {
  readonly project: string;
  readonly stack: string;
  /** Stands in the label of everything the deployment owns. */
  readonly deployment: string;
}

/** @param root the checkout's folder; two checkouts of one project are two deployments */
export function identify(project: string, stack: string, root: string): Identity {
  const deployment = createHash("sha256")
    .update([hostname(), realpathSync(root), project, stack].join("\0"))
    .digest("hex")
    .slice(0, 16);
  return { project, stack, deployment };
}
