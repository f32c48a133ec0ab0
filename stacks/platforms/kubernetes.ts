import { type ClusterClient, placeText } from "../runtime/kubernetes/client.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { kubernetesOf } from "../settings/strategy.ts";
import type { Settings } from "../settings.ts";
import { placeOf } from "./kubernetes/place.ts";
import type { Consent, Finding, LiveStack, Say } from "./platform.ts";
import { RemotePlatform } from "./remote.ts";

/** The cluster and namespace that a stack names. */
export class KubernetesPlatform extends RemotePlatform<ClusterClient> {
  protected readonly called = "cluster";

  override async prepare({ strategy }: Settings, _consent: Consent, say: Say): Promise<LiveStack> {
    const client = await this.answering();
    say(placeText(client.place, client.server));
    const { refuseMissing } = await import("./kubernetes/missing.ts");
    await refuseMissing(client, kubernetesOf(strategy) ?? {});
    return this.stackOn(client);
  }

  override async runtime(): Promise<SessionRuntime> {
    const { KubernetesRuntime } = await import("../runtime/kubernetes.ts");
    return new KubernetesRuntime(await this.#client(), this.source);
  }

  protected override async stackOn(client: ClusterClient): Promise<LiveStack> {
    const { KubernetesStack } = await import("./kubernetes/live-stack.ts");
    return new KubernetesStack(client, this.source);
  }

  protected override async findingsOn(client: ClusterClient): Promise<readonly Finding[]> {
    const { examine } = await import("./kubernetes/examine.ts");
    return examine(client, this.source);
  }

  protected override async answering(): Promise<ClusterClient> {
    const client = await this.#client();
    const { refuseSilent } = await import("./kubernetes/missing.ts");
    await refuseSilent(client);
    return client;
  }

  async #client(): Promise<ClusterClient> {
    const { ClusterClient } = await import("../runtime/kubernetes/client.ts");
    return new ClusterClient(placeOf(this.source));
  }
}
