import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundEngine } from "./find.ts";
import { SshError } from "./ssh.ts";

/** What was found, by what is said of it, and the way out. The first that fits counts. */
type Faults = readonly (readonly [pattern: RegExp, found: string, wayOut: string])[];

const sshFaults: Faults = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "its host key is not the one that known_hosts has",
    'find out why before anything else; where the machine was made anew, run "ssh-keygen -R HOST" and sign in once by hand',
  ],
  [/Host key verification failed/, "its host key is not in known_hosts", "sign in once by hand with ssh, and compare the key"],
  [
    /Permission denied \(/,
    "ssh is refused there with every key that it has",
    "add this user's key to authorized_keys there, name it by IdentityFile in ~/.ssh/config, or load it into the agent (ssh-add)",
  ],
  [/Could not resolve hostname/, "ssh knows no host of that name", "write another name, or describe it in ~/.ssh/config"],
  [
    /Connection refused|No route to host|Network is unreachable|timed out|Connection (closed|reset) by/,
    "ssh does not get through",
    "see that the machine runs, and that ssh to it works by hand",
  ],
  [
    /docker: (command )?not found|docker: No such file/,
    "there is no program docker there",
    "install Docker's command line on that machine",
  ],
  [
    /permission denied while trying to connect to the Docker daemon/i,
    "the user there may not use the engine",
    "name one in group docker by ssh://user@host, or the socket of a rootless engine by ssh://host/path",
  ],
  [
    /Cannot connect to the Docker daemon|dial unix|connect: (no such file|connection refused)/i,
    "no engine runs there",
    "start it, or name its socket by ssh://host/path",
  ],
];

const renew = "make new ones, and give dockerd (--tlscacert, --tlscert, --tlskey) and this machine theirs";

const ownCertificate = "put one in cert.pem that the engine's authority (dockerd --tlscacert) has made, with its key in key.pem";

/** By the codes of Node and OpenSSL. */
const tlsFaults: Faults = [
  [/CERT_HAS_EXPIRED/, "the engine's certificate has expired", renew],
  [/CERT_NOT_YET_VALID/, "the engine's certificate does not hold yet", "set the clocks of both machines"],
  [/ALERT_CERTIFICATE_EXPIRED/, "the engine refuses this machine's certificate, which has expired", renew],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_SIGNATURE_FAILURE/,
    "the engine's certificate is not of the authority in ca.pem",
    "put the authority there that made it",
  ],
  [
    /ALTNAME_INVALID/,
    "the engine's certificate is for another name",
    "write the name that it is for, or make one for this (subjectAltName)",
  ],
  [/ALERT/, "the engine refuses this machine's certificate", ownCertificate],
  [
    /ECONNRESET|EPIPE/,
    "the engine ended the connection, as it does where it refuses this machine's certificate",
    `${ownCertificate}; or see that no firewall is between`,
  ],
  [
    /PEM|ASN1|KEY_VALUES_MISMATCH/,
    "the certificates of this machine cannot be read",
    "put them into ca.pem, cert.pem and key.pem as PEM, the key being that of the certificate",
  ],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/, "no TLS is spoken there", "start dockerd with --tlsverify and certificates"],
];

const networkFaults: Faults = [
  [/ENOTFOUND|EAI_AGAIN/, "there is no host of that name", "write another"],
  [/HTTP request to an HTTPS server/, "TLS alone is spoken there", "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the certificates"],
  [/./, "nothing answers", "see that the machine and its engine run, and that no firewall is between"],
];

/**
 * Why an engine on another machine does not answer, and the way out, as they follow its address in a sentence; nothing of one that
 * is reached by a socket of this machine.
 *
 * @param error with which it was not reached
 */
export function whyUnreached({ address, certPath }: Pick<FoundEngine, "address" | "certPath">, error: unknown): string | undefined {
  if (address.startsWith("unix://")) return undefined;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && address.startsWith("ssh://")) return "this machine has no ssh; install OpenSSH's client";
  const ended = certPath === undefined ? undefined : endedIn(certPath);
  if (ended !== undefined) return `${ended}; ${renew}`;
  const said = error instanceof SshError ? error.said : `${code} ${message}`;
  const faults = error instanceof SshError ? sshFaults : [...(certPath === undefined ? [] : tlsFaults), ...networkFaults];
  const [, found, wayOut] = faults.find(([pattern]) => pattern.test(said)) ?? [];
  return found === undefined ? `${message}; see that ssh to it works by hand` : `${found} (${lastOf(said)}); ${wayOut}`;
}

/** Which certificate of this machine's has ended: the engine refuses one without saying why, and nobody says which it was. */
function endedIn(certPath: string): string | undefined {
  const paths = ["ca.pem", "cert.pem"].map((file) => join(certPath, file));
  const said = paths.map((path) => {
    try {
      const { validTo } = new X509Certificate(readFileSync(path));
      return Date.parse(validTo) < Date.now() ? `${path} has expired (${validTo})` : undefined;
    } catch {
      // What cannot be read is told by the error itself.
      return undefined;
    }
  });
  return said.find((one) => one !== undefined);
}

/** The last line that says something. */
const lastOf = (said: string): string => said.trim().split("\n").at(-1)?.trim().replace(/\.$/, "") ?? "";
