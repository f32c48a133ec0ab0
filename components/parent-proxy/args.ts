import { type Mount, SecretReference } from "../session-part.ts";

/** A company's HTTP proxy, by which alone its network lets anything out. */
export interface ParentProxy {
  /** A name or an IPv4 address that containers reach. */
  readonly host: string;
  readonly port: number;
  /** Hosts that are reached directly: names, or `*.` and a suffix for every name below it. @default [] */
  readonly noProxy?: readonly string[];
  /** Who signs in there, by Basic authentication. @default nobody */
  readonly login?: ParentLogin;
}

interface ParentLogin {
  readonly username: string;
  readonly password: SecretReference;
}

/** Where a container finds who signs in at the parent: `user:password`, each with percent signs, as URLs and Squid read them. */
const loginFolder = "/parent";
const loginFile = "login";

/** Bytes of a user's name and password with the colon between them; Squid 5 keeps no more (`MAX_LOGIN_SZ` in its src/defines.h). */
export const longestLogin = 128;

/** Everything but letters and digits with percent signs, so that nothing in it has a meaning of its own. */
function quoted(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** Who signs in, as the file has it. */
export const loginText = ({ username, password }: ParentLogin): string => `${quoted(username)}:${quoted(password.reveal())}`;

/** Runs a program whose own programs heed the usual variables; see by-parent in the sessions' image. */
const byParent = "/usr/local/bin/by-parent";

/** Hosts that are reached directly, as `NO_PROXY` has them. */
export const noProxyText = ({ noProxy = [] }: ParentProxy): string => noProxy.map((host) => host.replace(/^\*/, "")).join(",");

/**
 * What an image's build takes, in both spellings. The engine keeps variables of these names out of the image and its history, and
 * does not build anew for another value.
 */
export function buildVariables(parent: ParentProxy): Record<string, string> {
  const { host, port, login } = parent;
  const url = `http://${login === undefined ? "" : `${loginText(login)}@`}${host}:${port}`;
  const values = { http_proxy: url, https_proxy: url, no_proxy: noProxyText(parent) };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => [
      [name, value],
      [name.toUpperCase(), value],
    ]),
  );
}

/** What a container takes to go out by way of the parent; nothing where there is none. */
export interface WayOut {
  readonly mounts: readonly Mount[];
  readonly environment: Readonly<Record<string, string>>;
  /** What runs a program whose own programs heed the usual variables, before that. */
  readonly program: readonly string[];
}

/** Gives a container its way to the parent, its login as a file of the container's own. */
export function byWayOf(parent: ParentProxy | undefined): WayOut {
  if (parent === undefined) return { mounts: [], environment: {}, program: [] };
  const { host, port, login } = parent;
  const file = (signsIn: ParentLogin): Mount => ({
    target: loginFolder,
    readOnly: true,
    source: {
      kind: "secret",
      name: "parent",
      files: new SecretReference(signsIn.password.name, () => ({ [loginFile]: loginText(signsIn) })),
    },
  });
  return {
    mounts: login === undefined ? [] : [file(login)],
    environment: { PARENT_PROXY: `http://${host}:${port}` },
    program: [byParent],
  };
}

/** The parent, where a host is reached through it. */
export function parentFor<Parent extends Pick<ParentProxy, "noProxy">>(parent: Parent | undefined, host: string): Parent | undefined {
  const name = host.toLowerCase();
  const direct = parent?.noProxy?.some((entry) => (entry.startsWith("*.") ? name.endsWith(entry.slice(1)) : name === entry));
  return direct === true ? undefined : parent;
}

/** What may leave by the parent, and who is told its secret; one line for a whole stack. */
export function parentAuthority({ host, port, noProxy = [], login }: ParentProxy): string {
  return [
    `parent proxy ${host}:${port} for what proxies, clones and image builds let out`,
    ...(login === undefined ? [] : [`secret ${login.password.name}`]),
    ...(noProxy.length > 0 ? [`not for ${noProxy.join(", ")}`] : []),
  ].join("; ");
}
