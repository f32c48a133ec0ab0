import { flag, number, type Props, record, text } from "./value.ts";
import { type Container, onWindows, podSecurityContext, securityContext } from "./workload.ts";

/** Who a container runs as. `unproven`: the image decides, and nothing here says what is in it. */
export interface Identity {
  readonly is: "root" | "other" | "unproven";
  readonly uid?: number;
}

/** A user of the form `user[:group]`, as engines read it: `0`, `00`, `+0`, `-0`, `root` and `:group` are root. */
export function identityOf(user: string | undefined): Identity {
  if (user === undefined || user === "") return { is: "unproven" };
  const name = user.split(":")[0]?.trim() ?? "";
  if (name === "" || name === "root" || /^[+-]?0+$/.test(name)) return { is: "root", uid: 0 };
  return /^\+?\d+$/.test(name) ? { is: "other", uid: Number(name) } : { is: "other" };
}

/** The group part of `user:group`. */
export function groupOf(user: string | undefined): string | undefined {
  return user?.split(":")[1]?.trim();
}

export function identity(container: Container): Identity {
  if (container.platform !== "kubernetes") return identityOf(text(container.spec.user));
  const own = securityContext(container);
  const pod = podSecurityContext(container.workload);
  if (onWindows(container.workload)) return windowsIdentity(own, pod);
  const uid = number(own.runAsUser ?? pod.runAsUser);
  if (uid !== undefined) return { is: uid === 0 ? "root" : "other", uid };
  const nonRoot = flag(own.runAsNonRoot ?? pod.runAsNonRoot);
  return { is: nonRoot === undefined ? "unproven" : nonRoot ? "other" : "root" };
}

/** Windows has no uids; its administrators are accounts by name. */
function windowsIdentity(own: Props, pod: Props): Identity {
  const name = text(record(own.windowsOptions).runAsUserName ?? record(pod.windowsOptions).runAsUserName);
  if (name !== undefined && name !== "")
    return { is: /(^|\\)(ContainerAdministrator|Administrator|SYSTEM)$/i.test(name) ? "root" : "other" };
  const nonRoot = flag(own.runAsNonRoot ?? pod.runAsNonRoot);
  return { is: nonRoot === true ? "other" : "unproven" };
}

/** Whether a container takes back what its pod says: that nothing in it runs as root. */
export function allowsRoot(container: Container): boolean {
  return container.platform === "kubernetes" && flag(securityContext(container).runAsNonRoot) === false;
}
