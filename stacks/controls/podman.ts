import { docker } from "./docker.ts";
import { type Column, means, refused, reported } from "./standing.ts";

const networks = "https://docs.podman.io/en/latest/markdown/podman-network-create.1.html";

/**
 * Why a session on Podman has no network that only its proxy or its group is on, as it follows key and value in a sentence.
 *
 * Tried on 4.3.1 with netavark 1.4: by Docker's API every bridge has names, and so a gateway, also an internal one. At that address
 * its members reached a service of the machine that listens at all addresses, and a resolver that asked the machine's own for any
 * name, whatever `dns` said. `inhibit_ipv4`, `disable_dns`, `no_default_route` and an IPAM driver `none` were taken and changed
 * nothing. Podman's own API makes a bridge without names, whose members reached neither; the provider does not speak it, and on
 * such a bridge a session does not find its proxy.
 */
export const leaky = {
  why: "needs a network that leads nowhere, and an internal one of Podman's leads to services of its machine and to its resolver",
  wayOut: "have Docker Engine run it, or set egress: none or open",
} as const;
const api = "https://docs.podman.io/en/latest/markdown/podman-system-service.1.html";
const byBuiltIn =
  "the engine built in alone puts files into volumes there: what Docker's provider uploads would lie beneath them, so it is refused";
const secretFile = "components/container-engine/secret-file.ts";
const sealed = refused(leaky.why, leaky.wayOut, networks);

/** Podman, which speaks Docker's API: where it differs from Docker Engine. */
export const podman: Column = {
  ...docker,
  isolation: means("a session has no network, or one with a way out that Podman isolates from its others", networks),
  mountModes: reported(
    "it mounts memory on /run and /var/tmp as well, which is read-only here",
    "https://docs.podman.io/en/latest/markdown/podman-run.1.html#read-only-tmpfs",
  ),
  systemCalls: reported("its API takes no profile's text, and the profile of its own holds", api),
  seccompProfile: refused("is a text, for which Podman's API takes the name of a file of its machine", "remove it", api),
  group: sealed,
  egressList: sealed,
  egressAudit: sealed,
  download: sealed,
  credentialsFile: means(`as on Docker Engine; ${byBuiltIn}`, secretFile),
  agent: means(`read where the plan is made, and handed over read-only; ${byBuiltIn}`, secretFile),
  ports: means("nobody can send to a rootless one's containers; a rootful one is refused", "https://github.com/moby/moby/pull/49325"),
  health: means(
    "its own check, which systemd runs, ends the session",
    "https://docs.podman.io/en/latest/markdown/podman-healthcheck.1.html",
  ),
};
