import { isLoopback } from "../../components/session.ts";
import type { Exception } from "../../policy/exceptions.ts";
import type { Deployment } from "../schema.ts";
import { readHost } from "./allowed-host.ts";
import { type SecretSource, sourceOf } from "./credentials.ts";
import { sentence } from "./sentences.ts";

/** A company's proxy, whose password is read when a plan is made. */
export interface ParentSetting {
  readonly host: string;
  readonly port: number;
  readonly noProxy: readonly string[];
  readonly login?: { readonly username: string; readonly secret: SecretSource };
  /** From the policy rule IMG-001; without one, builds do not sign in. */
  readonly exception?: Omit<Exception, "resource">;
}

const place = ["egress", "parent"];

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveParent(
  given: NonNullable<Deployment["egress"]>["parent"],
  root: string,
  judged: boolean,
  mistakes: string[],
): ParentSetting | undefined {
  if (given === undefined || !judged) return undefined;
  const { username, secret, exception } = given;
  const url = URL.parse(given.url);
  if (url === null || url.port === "0") {
    mistakes.push(sentence([...place, "url"], given.url, "has a port that does not exist; write one from 1 to 65535"));
    return undefined;
  }
  const [host, port] = [url.hostname, Number(url.port || 80)];
  if (host === "localhost" || host === "0.0.0.0" || isLoopback(host))
    mistakes.push(
      sentence(
        [...place, "url"],
        given.url,
        "is this machine's own loopback address, which no container reaches; have the proxy listen on another address of this machine, and write that",
      ),
    );
  if (username !== undefined && secret === undefined)
    mistakes.push(sentence([...place, "username"], username, "has no password; name where it is kept by secret, such as {env: NAME}"));
  if (username === undefined && secret !== undefined)
    mistakes.push(sentence([...place, "secret"], secret, "is nobody's; write the user's name as username"));
  if (exception !== undefined && secret === undefined)
    mistakes.push(sentence([...place, "exception"], exception, "is for a password, and there is none; remove it, or name the secret"));
  return {
    host,
    port,
    ...(exception !== undefined && { exception }),
    noProxy: (given.noProxy ?? []).flatMap((entry, index) => directHost(entry, [...place, "noProxy", index], mistakes)),
    ...(username !== undefined &&
      secret !== undefined && { login: { username, secret: sourceOf(secret, root, [...place, "secret"].join(".")) } }),
  };
}

function directHost(entry: string, path: readonly PropertyKey[], mistakes: string[]): string[] {
  const refuse = (rest: string) => {
    mistakes.push(sentence(path, entry, rest));
    return [];
  };
  if (/^[*.]+$/.test(entry)) return refuse("would leave the parent nothing; name hosts, or remove egress.parent");
  if (entry.startsWith(".")) return refuse(`is written otherwise here; write "*${entry}"`);
  if (/^[\d./:]+$/.test(entry) || entry.startsWith("[")) return refuse("is an address, and a host is told by its name; write that");
  const read = readHost(entry);
  if ("why" in read) return refuse(`${read.why}; ${read.wayOut}`);
  return entry.includes(":") ? refuse("has a port, and a host is reached directly on all of them; leave it out") : [read.host];
}
