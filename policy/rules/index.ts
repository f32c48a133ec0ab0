import { readOnlyRoot } from "./ctr-001-read-only-root.ts";
import { noNewPrivileges } from "./ctr-002-no-new-privileges.ts";
import { dangerousCapability } from "./ctr-003-dangerous-capability.ts";
import { addedCapability } from "./ctr-004-added-capability.ts";
import { privileged } from "./ctr-006-privileged.ts";
import { rootUser } from "./ctr-007-root-user.ts";
import { hostNetwork } from "./ctr-008-host-network.ts";
import { hostProcesses } from "./ctr-009-host-processes.ts";
import { hostIpc } from "./ctr-010-host-ipc.ts";
import { engineSocket } from "./ctr-011-engine-socket.ts";
import { sensitiveHostPath } from "./ctr-012-sensitive-host-path.ts";
import { readableInputs } from "./gen-003-readable.ts";
import type { Rule } from "./rule.ts";

/** Every rule, in the order of its id within its family. */
export const rules: readonly Rule[] = [
  readOnlyRoot,
  noNewPrivileges,
  dangerousCapability,
  addedCapability,
  privileged,
  rootUser,
  hostNetwork,
  hostProcesses,
  hostIpc,
  engineSocket,
  sensitiveHostPath,
  readableInputs,
];
