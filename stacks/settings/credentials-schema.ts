import { z } from "zod";
import { containerName } from "../../components/session.ts";
import { clusterName, region, text } from "./values.ts";

/** The form of the key `credentials`; what belongs together in it is judged in credentials.ts. */

const forms = [
  z.strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "is not the name of a variable; name the one that holds the secret" })
      .describe("A variable of the environment in which plan and up run."),
  }),
  z.strictObject({ file: text("A file of this machine; its last line break is left out.") }),
  z.strictObject({
    command: z
      .array(z.string())
      .min(1, { error: "is empty; write the program and its arguments, one entry each" })
      .describe("A program and its arguments, run on this machine without a shell; what it prints is the secret."),
  }),
  z.strictObject({
    config: text(
      'A secret of the stack\'s configuration, with the Pulumi CLI alone: claude for "pulumi config set --secret secrets:claude".',
    ).regex(/^[\w.-]+$/, { error: "is not the name of a secret in the stack's configuration" }),
  }),
] as const;

const where = "{env: NAME}, {file: /path}, {command: [program, argument]}";

/** Where a secret is read from. */
export const secret = z
  .union(forms, { error: `does not say where the secret is; write ${where} or {config: name}` })
  .describe("Where the secret is read from when a plan is made. Never the secret itself.");

/** How the names of Secrets begin that the stack makes: those of its sessions, and the login for its images. */
const madeHere = [containerName(""), "agent-sessions-"];

/** A secret of a session's own, which its platform may keep. */
export const sessionSecret = z
  .union(
    [
      ...forms,
      z.strictObject({
        clusterSecret: z
          .strictObject({
            name: clusterName("The Secret's name, in the stack's namespace; never one that the stack makes.").refine(
              (name) => !madeHere.some((prefix) => name.startsWith(prefix)),
              {
                error: "begins as the Secrets do that the stack makes, and may hold another session's; name one that something else fills",
              },
            ),
            key: text("Which of its values; .credentials.json for a login of the agent's own, any other name for a key.").regex(
              /^[A-Za-z0-9._-]{1,253}$/,
              { error: "is not the key of a Secret; use letters, digits, -, _ and ." },
            ),
          })
          .describe("A Secret of the cluster that something else fills, such as External Secrets Operator. Nothing here reads it."),
      }),
    ],
    { error: `does not say where the secret is; write ${where}, {config: name} or {clusterSecret: {name: NAME, key: KEY}}` },
  )
  .describe("Where the secret is read from when a plan is made, or kept by the cluster. Never the secret itself.");

const provided = {
  provider: z
    .enum(["anthropic", "bedrock"], { error: "is not a provider; write anthropic or bedrock" })
    .describe("Who answers the agent; anthropic when left out.")
    .optional(),
  region: region("The AWS region, for bedrock.").optional(),
};

export const exception = z
  .strictObject({
    reason: text("Why no file will do."),
    owner: text("Who answers for it."),
    expires: text("The last day on which it holds, such as 2027-03-31.")
      // The Pulumi CLI reads a day without quotes as a moment, hands that on, and writes it when it writes the stack file.
      .regex(/^\d{4}-\d{2}-\d{2}( 00:00:00 \+0000 UTC)?$/, { error: "is not a day; write one such as 2027-03-31" })
      .transform((day) => day.slice(0, "2027-03-31".length)),
  })
  .describe("The exception from the policy rule CTR-026 that a secret in the environment needs.");

export const credentials = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("none") }),
      z.strictObject({
        kind: z.literal("hostMount"),
        path: text("A folder of this machine that belongs to whoever runs this; ~/.claude when left out.").optional(),
        ...provided,
      }),
      z.strictObject({ kind: z.literal("file"), secret: sessionSecret, ...provided }),
      z.strictObject({
        kind: z.literal("init"),
        command: text(
          "A line for bash that prints the secret; it runs once before the session starts, in a container of its own with open egress.",
        ),
        secret: sessionSecret.describe("A secret that the command finds as /secret/token.").optional(),
        ...provided,
      }),
      z.strictObject({
        kind: z.literal("proxy"),
        secret: sessionSecret,
        upstream: z
          .string({ error: "is not a URL; write https://host/path" })
          .regex(/^https:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/, {
            error: "is not a URL to which a key may go; write https://host/path, without user, ? and #",
          })
          .describe(
            "The one host that the key is for, and the prefix that paths must have; https://api.anthropic.com/v1/messages, or /model of the region's bedrock-runtime host, when left out.",
          )
          .optional(),
        ...provided,
      }),
      z.strictObject({ kind: z.literal("environment"), secret: sessionSecret, exception }),
    ],
    { error: "is not a way to give credentials; write {kind: none}, {kind: file, secret: {env: NAME}} or {kind: hostMount}" },
  )
  .describe(
    "What the agent signs in with: none (the default); file, read-only below /auth; hostMount, the credentials files of a folder of this machine read-only below /auth; init, what a command prints, as a file; proxy, nothing but a way to a proxy that adds the secret; environment, the variable CLAUDE_AUTH_TOKEN, with an exception.",
  );
