import * as pulumi from "@pulumi/pulumi";
import { CompanionService } from "../cluster/companion.ts";
import { servingLabels, sessionLabels } from "../cluster/labels.ts";
import { networkPolicies, podsOf, podsServing } from "../cluster/network-policy.ts";
import { clusterOf } from "../cluster/provider.ts";
import { secretsOf } from "../cluster/secret.ts";
import { ofUrl } from "../isolated-network/destinations.ts";
import { isJob, isService, type MadePart, type Service } from "../session-part.ts";
import { containerName, type SessionOwner } from "../session.ts";
import { type CredentialsArgs, credentialsPart, inSessionNetwork } from "./args.ts";
import { byAddress, credentialProxyHost, credentialProxyPort } from "./proxy.ts";

/**
 * What one session signs in with. Secrets are files of the pod that reads them; the kubelet brings a changed one there, and no
 * session restarts. A proxy with the key is a pod of its own, to which this session alone may connect.
 */
export class Credentials extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:Credentials", name, {}, opts);
    const parent = { parent: this };
    const part = byAddress(credentialsPart(inSessionNetwork(args)));
    const labels = sessionLabels(args, "auth");
    const jobs = part.companions.filter(isJob);
    const secrets = [
      ...secretsOf(name, part.mounts, { of: containerName(args.sessionId), labels }, parent).values(),
      ...jobs.flatMap((job) => [...secretsOf(`${name}-fetch`, job.mounts, { of: job.name, labels }, parent).values()]),
    ];
    const proxies = part.companions.filter(isService).map((proxy) => toProxy(name, proxy, args, this));
    this.part = {
      ...part,
      companions: jobs,
      aliases: proxies.map(({ address }) => ({ host: credentialProxyHost, address })),
      resources: [...secrets, ...proxies.flatMap(({ resources }) => resources)],
    };
    this.registerOutputs({ authority: part.authority });
  }
}

/** A credential proxy, and the two policies between it and its session. */
function toProxy(name: string, proxy: Service, args: CredentialsArgs & SessionOwner, parent: pulumi.Resource) {
  const { companyAddresses = [] } = clusterOf(parent);
  const resource = `${name}-${proxy.kind}`;
  const labels = servingLabels(args, proxy.kind);
  const [session, pods] = [podsOf(args), podsServing(args, proxy.kind)];
  const to = args.kind === "proxy" ? ofUrl(args.upstream, args.parent, companyAddresses) : [];
  const policies = [
    ...networkPolicies(
      resource,
      { name: proxy.name, labels },
      { pods, from: { pods: session, port: credentialProxyPort }, to, dns: [] },
      { parent },
    ),
    ...networkPolicies(
      `${resource}-door`,
      { name: `${proxy.name}-door`, labels: sessionLabels(args, "network") },
      { pods: session, toPods: [{ pods, port: credentialProxyPort }] },
      { parent },
    ),
  ];
  const pod = { labels, port: credentialProxyPort, dns: "cluster" as const };
  const made = new CompanionService("CredentialProxy", resource, proxy, pod, { parent, dependsOn: policies });
  return { address: made.address, resources: [...policies, ...made.resources] };
}
