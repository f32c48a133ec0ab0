import type { EngineKind } from "../container-engine/kind.ts";
import { allowedCalls } from "./allowed.ts";
import { argumentRefusals, type Condition } from "./arguments.ts";
import { refusals } from "./refused.ts";

/** ENOSYS. */
const notThere = 38;

/**
 * The profile in the engine's own format, as Docker takes it from 20.10 on. It lists no other architecture than
 * the machine's own: the calls of 32-bit programs, whose numbers and arguments are others, end the process.
 */
export const seccompProfile: string = JSON.stringify({
  defaultAction: "SCMP_ACT_ERRNO",
  archMap: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"].map((architecture) => ({ architecture, subArchitectures: [] })),
  syscalls: [
    // On other machines some arguments stand elsewhere; there nothing is allowed, and no container starts.
    { names: allowedCalls, action: "SCMP_ACT_ALLOW", includes: { arches: ["amd64", "arm64"] } },
    { names: refusals.flatMap(({ absent }) => absent), action: "SCMP_ACT_ERRNO", errnoRet: notThere },
    ...argumentRefusals.flatMap(({ allowed }) =>
      // One rule for each: of two conditions on one argument in a rule, either would do.
      allowed.map(({ calls, when, answer }) => ({
        names: calls,
        ...(answer === "allow" ? { action: "SCMP_ACT_ALLOW" } : { action: "SCMP_ACT_ERRNO", errnoRet: 0 }),
        args: when.map(toArgument),
      })),
    ),
  ],
});

function toArgument({ index, mask, value }: Condition) {
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/**
 * The security options of every container that is made here. Podman takes a profile for a file of its machine, where there is none
 * of ours; its own holds.
 *
 * @param profile the text of another than the one above
 */
export function securityOpts(engine: EngineKind, profile = seccompProfile): string[] {
  return ["no-new-privileges:true", ...(engine === "podman" ? [] : [`seccomp=${profile}`])];
}
