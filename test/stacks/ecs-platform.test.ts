import { describe, expect, test, vi } from "vitest";
import { EcsPlatform } from "../../stacks/platforms/ecs.ts";
import { placeOf } from "../../stacks/platforms/ecs/place.ts";
import { FargateClient } from "../../stacks/runtime/ecs/client.ts";
import { examine } from "../../stacks/platforms/ecs/examine.ts";
import { installPlugin } from "../support/aws/session-manager-plugin.ts";
import { temporaryFolder } from "../support/folder.ts";
import { awsServer } from "../support/aws/server.ts";

const aws = awsServer();
const source = (ecs: object) => ({ project: "p", stack: "far", root: "/", config: { "agent-sessions:ecs": JSON.stringify(ecs) } });

/** Has AWS say who signs in; that service answers in another form than the others. */
function signedInTo(account: string): void {
  vi.doMock("@aws-sdk/client-sts", () => ({
    GetCallerIdentityCommand: class {},
    STSClient: class {
      readonly middlewareStack = { add: () => {} };
      send = async () => ({ Account: account });
    },
  }));
}

describe("where commands look for sessions on ECS", () => {
  test("is the region that the stack names, and never that of the environment", () => {
    vi.stubEnv("AWS_REGION", "us-east-1");
    expect(() => placeOf(source({ account: "123456789012" }))).toThrow(
      "stack far names no region, and the environment's is never taken instead; write agent-sessions:ecs: {region: NAME}",
    );
    expect(placeOf(source({ region: "eu-central-1" }))).toEqual({ region: "eu-central-1", cluster: "agent-sessions-far" });
  });

  test("is the account that the stack names, and nothing is asked of any other", async () => {
    signedInTo("210987654321");
    const place = { region: "eu-central-1", cluster: "agent-sessions-far" };
    await expect(new FargateClient({ ...place, account: "123456789012" }).refuseOtherAccount()).rejects.toThrow(
      "the stack is for account 123456789012 (agent-sessions:ecs.account), and what the environment signs in with is of 210987654321",
    );
    const platform = new EcsPlatform(source({ region: "eu-central-1", account: "123456789012" }) as never);
    await expect(platform.open()).rejects.toThrow("is of 210987654321");
    expect(await platform.reach()).toBeUndefined();
    expect(await platform.examine()).toEqual([
      { subject: "AWS", found: expect.stringContaining("is of 210987654321"), verdict: "missing", means: expect.any(String) },
    ]);
    expect(aws.asked).toEqual([]);
    signedInTo("123456789012");
    vi.resetModules();
    const { FargateClient: Anew } = await import("../../stacks/runtime/ecs/client.ts");
    await new Anew({ ...place, account: "123456789012" }).refuseOtherAccount();
  });
});

describe("doctor on ECS", () => {
  const programs = temporaryFolder("programs");
  const entering = async () => {
    aws.answers = { DescribeClusters: () => ({ clusters: [] }) };
    const found = await examine(new FargateClient({ region: "eu-central-1", cluster: "agent-sessions-far" }));
    return found.find(({ subject }) => subject === "entering");
  };

  test("says whether sessions can be entered from here", async () => {
    vi.stubEnv("PATH", programs);
    expect(await entering()).toMatchObject({
      found: expect.stringMatching(/^ECS Exec takes AWS's session-manager-plugin, and it is not there; install it/),
      verdict: "note",
      means: "attach, exec, diff and pull are refused",
    });
    installPlugin(programs);
    expect(await entering()).toMatchObject({ found: "session-manager-plugin 1.2.650.0", verdict: "ok" });
  });
});
