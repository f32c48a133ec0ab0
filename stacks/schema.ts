import { z } from "zod";
import { choice } from "./near.ts";
import { keyPrefix } from "./configuration.ts";
import { cleanup } from "./settings/cleanup-schema.ts";
import { imageSchema } from "./settings/image-schema.ts";
import { logs } from "./settings/logs-schema.ts";
import { allowedHost } from "./settings/network-schema.ts";
import { parent } from "./settings/parent-schema.ts";
import { defaultsSchema, securityPoliciesSchema, sessionSchema } from "./settings/session-schema.ts";
import { resolved } from "./settings/resolved-schema.ts";
import { strategyKeys, type StrategyName, strategySchemas } from "./settings/strategy-schema.ts";
import { label, text } from "./settings/values.ts";

/**
 * The form of the settings: every key, its meaning and its unit. What belongs together across keys is judged in settings.ts.
 * A message here is what follows the key and the value in the sentence that a person reads.
 */

const strategyNames = Object.keys(strategySchemas) as StrategyName[];

/** All keys of a deployment, without the prefix `agent-sessions:`. */
export const deploymentSchema = z.strictObject({
  strategy: z
    .enum(strategyNames, { error: `is not a strategy; write ${choice(strategyNames)}` })
    .describe("Where the sessions run; local when left out.")
    .optional(),
  ...strategyKeys(strategySchemas),
  image: imageSchema.optional(),
  allowedHostPaths: z
    .array(text("A folder of this machine."))
    .describe("Folders in which writable binds may lie; none when left out.")
    .optional(),
  securityPolicies: securityPoliciesSchema.optional(),
  resolved: resolved.optional(),
  egressSets: z
    .record(label("The set's name.", 40), z.array(allowedHost).min(1, { error: "is empty; name a host, or remove the set" }))
    .describe("Named sets of hosts for egress.allow, and hosts to add to the sets that there are.")
    .optional(),
  egress: z
    .strictObject({ parent: parent.optional() })
    .describe("How what the sessions are allowed leaves this machine; directly when left out.")
    .optional(),
  logs: logs.optional(),
  cleanup: cleanup.optional(),
  defaults: defaultsSchema.optional(),
  sessions: z
    .array(sessionSchema, { error: 'is not a list of sessions; write one entry "- id: name" for each' })
    .describe("The sessions of the stack."),
});

export type DeploymentInput = z.input<typeof deploymentSchema>;
export type Deployment = z.output<typeof deploymentSchema>;
export type SessionSetting = z.output<typeof sessionSchema>;

/** The JSON Schema of a stack file, for editors. */
export function stackFileSchema(): object {
  const { properties = {}, ...rest } = z.toJSONSchema(deploymentSchema, { io: "input" }) as {
    properties?: Record<string, object>;
    required?: string[];
    $schema?: string;
  };
  const keys = Object.fromEntries(Object.entries(properties).map(([key, value]) => [`${keyPrefix}${key}`, value]));
  return {
    $schema: rest.$schema,
    title: "A stack of agent-sessions",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: keys,
        required: (rest.required ?? []).map((key) => `${keyPrefix}${key}`),
        patternProperties: { [`^(?!${keyPrefix})`]: {} },
        additionalProperties: false,
      },
    },
    required: ["config"],
  };
}
