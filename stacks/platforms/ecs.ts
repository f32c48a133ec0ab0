import { placeText } from "../runtime/ecs/answers.ts";
import type { FargateClient } from "../runtime/ecs/client.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import type { Settings } from "../settings.ts";
import { placeOf } from "./ecs/place.ts";
import type { Consent, Finding, LiveStack, Say } from "./platform.ts";
import { RemotePlatform } from "./remote.ts";

/** The ECS cluster of a stack, in the region that it names. */
export class EcsPlatform extends RemotePlatform<FargateClient> {
  protected readonly called = "AWS";

  override async prepare(_settings: Settings, _consent: Consent, say: Say): Promise<LiveStack> {
    const client = await this.answering();
    say(`${placeText(client.place)}.`);
    return this.stackOn(client);
  }

  override async runtime(): Promise<SessionRuntime> {
    const { EcsRuntime } = await import("../runtime/ecs.ts");
    return new EcsRuntime(await this.#client(), this.source);
  }

  protected override async stackOn(client: FargateClient): Promise<LiveStack> {
    const { EcsStack } = await import("./ecs/live-stack.ts");
    return new EcsStack(client, this.source);
  }

  protected override async findingsOn(client: FargateClient): Promise<readonly Finding[]> {
    const { examine } = await import("./ecs/examine.ts");
    return examine(client);
  }

  protected override async answering(): Promise<FargateClient> {
    const client = await this.#client();
    const { refuseSilent } = await import("./ecs/examine.ts");
    await refuseSilent(client);
    return client;
  }

  /** @throws Error when who signs in is of another account than the stack */
  async #client(): Promise<FargateClient> {
    const { FargateClient } = await import("../runtime/ecs/client.ts");
    const client = new FargateClient(placeOf(this.source));
    await client.refuseOtherAccount();
    return client;
  }
}
