import type { ClusterClient } from "../../runtime/kubernetes/client.ts";
import { apiAddress } from "../../runtime/kubernetes/facts.ts";
import type { CommandPlace, SessionRuntime } from "../../runtime/runtime.ts";
import { beginning, ignored } from "../../streams.ts";
import type { Finding } from "../platform.ts";

const subject = "network policies";

/**
 * Whether the cluster enforces the policies that it takes, told by a try alone: any cluster takes them, and a plug-in that is
 * there may have been told to leave them.
 */
export async function examineEnforcement(client: ClusterClient, runtime: SessionRuntime): Promise<Finding> {
  const [running] = (await runtime.list()).filter(({ state }) => state === "running");
  const { plugin } = await pluginOf(client);
  const guess = plugin === undefined ? "" : `; ${plugin}`;
  if (running === undefined)
    return { subject, found: `not known: no session runs to try it from${guess}`, verdict: "note", means: "verify tries it once one runs" };
  const address = await apiAddress(client);
  if (address === undefined)
    return {
      subject,
      found: `not known: the API server's address in the cluster cannot be read${guess}`,
      verdict: "note",
      means: "verify tries more",
    };
  const answer = await knock(running, address);
  const how = `session ${running.id} tried the API server at ${address.host}:${address.port}`;
  if (answer === "reached")
    return {
      subject,
      found: `${how} and reached it${guess}`,
      verdict: "missing",
      means: "policies are taken and not enforced: sessions reach all; install a network plug-in that enforces them",
    };
  if (answer === undefined)
    return { subject, found: `not known: ${how} and did not say${guess}`, verdict: "note", means: "verify tries more" };
  return {
    subject,
    found: `enforced: ${how} and got no answer${guess}`,
    verdict: "ok",
    means: "a session reaches its own proxy and nothing else; verify tries more",
  };
}

/** In the session; `reached` where something answers, a refusal too. */
const script = `said=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1) && echo reached
[[ $said == *refused* ]] && echo reached
echo tried`;

async function knock(
  place: CommandPlace,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<"reached" | "silent" | undefined> {
  try {
    const text = beginning();
    const started = await place.start(["bash", "-c", script, "knock", host, String(port)]);
    await started.carry(text, ignored());
    const said = text.text().split("\n");
    return said.includes("reached") ? "reached" : said.includes("tried") ? "silent" : undefined;
  } catch {
    return undefined;
  }
}

/** Network plug-ins by the DaemonSets that bring them, and whether they enforce policies as they come. */
const plugins: readonly (readonly [RegExp, string])[] = [
  [/^calico-node$/, "Calico"],
  [/^cilium$/, "Cilium"],
  [/^antrea-agent$/, "Antrea"],
  [/^kube-router$/, "kube-router"],
  [/^ovnkube-node/, "OVN-Kubernetes"],
  [/^kindnet$/, "kindnet"],
  [/^aws-node$/, "the VPC plug-in, which enforces only where that is switched on"],
  [/^kube-flannel/, "Flannel, which enforces none by itself"],
];

async function pluginOf({ apps }: ClusterClient): Promise<{ readonly plugin?: string }> {
  const found = await apps.listDaemonSetForAllNamespaces().catch(() => ({ items: [] }));
  const names = found.items.map(({ metadata }) => metadata?.name ?? "");
  const plugin = plugins.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  return plugin === undefined ? {} : { plugin: `by its DaemonSet the network plug-in is ${plugin}` };
}
