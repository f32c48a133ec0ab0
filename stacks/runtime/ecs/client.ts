import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import { explain, FargateError, type FargatePlace } from "./answers.ts";

/** What a client of AWS's is asked through. */
interface Asking {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>,
      options: { readonly step: "initialize"; readonly name: string; readonly priority: "high" },
    ): void;
  };
}

/** AWS, as who signs in may ask it. Every failure is a {@link FargateError}. Making one asks nothing. */
export class FargateClient {
  readonly place: FargatePlace;
  readonly ecs: ECSClient;
  readonly logs: CloudWatchLogsClient;

  constructor(place: FargatePlace) {
    this.place = place;
    this.ecs = this.with(new ECSClient(this.options));
    this.logs = this.with(new CloudWatchLogsClient(this.options));
  }

  /** What every client of AWS's is made with. */
  get options() {
    const { region, profile } = this.place;
    return { region, ...(profile !== undefined && { profile }) };
  }

  /** Has a client's failures be sentences. */
  with<Client extends object>(client: Client): Client {
    (client as Client & Asking).middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw explain(error, this.place);
        }
      },
      { step: "initialize", name: "explained", priority: "high" },
    );
    return client;
  }

  /** @throws Error when who signs in is of another account than the stack */
  async refuseOtherAccount(): Promise<void> {
    const { account, profile } = this.place;
    if (account === undefined) return;
    const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
    const { Account: found } = await this.with(new STSClient(this.options)).send(new GetCallerIdentityCommand({}));
    if (found === account) return;
    const who = profile === undefined ? "what the environment signs in with" : `the profile "${profile}"`;
    throw new FargateError(
      `the stack is for account ${account} (agent-sessions:ecs.account), and ${who} is of ${found}; sign in to that account, or name another profile by agent-sessions:ecs: {profile: NAME}`,
    );
  }
}
