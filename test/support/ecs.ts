import { deploy } from "../../stacks/deploy.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { images } from "./fargate.ts";
import { policyConfig } from "../../stacks/policy-config.ts";
import type { PolicyConfig } from "../../policy/evaluate.ts";
import { type Recorded, record } from "./record.ts";

/** Secrets of the settings of {@link onEcs}, by their variables. */
export const ecsSecrets = {
  ECS_TEST_EGRESS_KEY: "0123456789abcdef0123456789abcdef",
  ECS_TEST_TOKEN: "sk-ant-api03-ecs-test",
  ECS_TEST_PASSWORD: "a-password",
} as const;

/** What a stack on ECS asks for, from settings on. @param more keys beside `ecs` and `sessions` */
export async function onEcs(
  sessions: readonly object[],
  ecs: object = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<Recorded & { readonly outputs: object; readonly config: PolicyConfig }> {
  const place = { region: "eu-central-1", account: "123456789012", images, egressKey: { env: "ECS_TEST_EGRESS_KEY" } };
  const settings = parse({ strategy: "ecs", ecs: { ...place, ...ecs }, sessions, ...more }, { environment: {} });
  Object.assign(process.env, ecsSecrets);
  const secrets = new Secrets(noEncryptedConfig);
  await secrets.read(settings);
  let outputs = {};
  const recorded = await record(async () => {
    outputs = await deploy(settings, { project: "agent-sessions", stack: "test" }, secrets);
  });
  return { ...recorded, outputs, config: policyConfig(settings) };
}
