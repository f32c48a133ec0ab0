import { flag } from "./read/value.ts";
import { type Container, neverStarts, onWindows, securityContext } from "./read/workload.ts";
import { cis, fsbp, owasp, type Rule } from "./rule.ts";

function rootIsReadOnly(container: Container): boolean {
  const { platform, spec } = container;
  if (platform === "kubernetes") return flag(securityContext(container).readOnlyRootFilesystem) === true;
  return flag(platform === "ecs" ? spec.readonlyRootFilesystem : spec.readOnly) === true;
}

export const readOnlyRoot: Rule = {
  id: "CTR-001",
  name: "read-only-root",
  title: "Root filesystem is writable",
  severity: "medium",
  frameworks: [cis("5.13"), fsbp("ECS.5"), owasp("8")],
  remediation: "Make the root filesystem read-only; give what must be written a sized tmpfs or a volume.",
  reads: "readOnly, securityContext.readOnlyRootFilesystem, readonlyRootFilesystem",
  admission: {
    expression:
      "variables.containers.all(c, has(c.securityContext) && has(c.securityContext.readOnlyRootFilesystem) && c.securityContext.readOnlyRootFilesystem)",
    message: "Every container of the pod must have a read-only root filesystem.",
  },
  *container(container) {
    // The provider cannot put files into a read-only container, not even into its volumes.
    if (neverStarts(container) || onWindows(container.workload)) return;
    if (!rootIsReadOnly(container)) yield `The ${container.title} must have a read-only root filesystem.`;
  },
};
