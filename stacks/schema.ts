import { z } from "zod";
import { keyPrefix } from "./configuration.ts";
import { agent, restart } from "./settings/agent-schema.ts";
import { credentials, secret } from "./settings/credentials-schema.ts";
import { allowedHost, network } from "./settings/network-schema.ts";
import { parent } from "./settings/parent-schema.ts";
import { strategyKeys, type StrategyName, strategySchemas } from "./settings/strategy-schema.ts";
import { uid } from "./settings/uid-schema.ts";
import { count, cpu, duration, flag, label, size, text } from "./settings/values.ts";

/**
 * The form of the settings: every key, its meaning and its unit. What belongs together across keys is judged in settings.ts.
 * A message here is what follows the key and the value in the sentence that a person reads.
 */

/** Whether a URL names a folder by its full path, in an encoding that can be read. */
function isFileUrl(url: string): boolean {
  try {
    return decodeURIComponent(url).startsWith("file:///");
  } catch {
    return false;
  }
}

const repository = z
  .strictObject({
    name: label("The name under /repos and /workspace.", 40),
    path: text("A folder of this machine with a git repository, bound read-only.").optional(),
    url: z
      .string({ error: "is not a URL; write https://host/path" })
      .regex(/^(https?|git|ssh|file):\/\/\S+$/, { error: "is not a URL that git can clone; write https://, git://, ssh:// or file://" })
      // A token stands where the user of an https URL would.
      .refine((url) => !/^([a-z]+:\/\/[^/@\s]*:[^/\s]*|https?:\/\/[^/\s]*)@/.test(url), { error: "holds a password; take it out" })
      .refine((url) => !url.startsWith("file://") || isFileUrl(url), {
        error: "is not the URL of a folder of this machine; write file:///folder",
      })
      .describe("A git URL, cloned once and shared by all sessions that name the same one.")
      .optional(),
    ref: text("Branch, tag or commit of the URL; the remote's default branch when left out.")
      .regex(/^(?!-)[\w./+@-]+$/, { error: "is not a branch, tag or commit" })
      .optional(),
    secret: secret.describe("The password or token that the clone of an https URL needs; the session never sees it.").optional(),
    username: text("Whose password it is; x-access-token, which is right for tokens of GitHub and GitLab, when left out.").optional(),
  })
  .describe(
    "A repository that the session reads under /repos/<name> and works on under /workspace/<name>: a path, or a url with an optional ref.",
  );

const workspace = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("volume") }),
      z.strictObject({ kind: z.literal("tmpfs"), size: size("Its size; 1 GB when left out.", "1 GB").optional() }),
      z.strictObject({ kind: z.literal("host"), path: text("A folder of this machine, in allowedHostPaths and owned by uid 1000.") }),
    ],
    { error: 'is not a workspace; write {kind: volume}, {kind: tmpfs, size: "1 GB"} or {kind: host, path: /folder}' },
  )
  .describe(
    "Where /workspace lives: volume (the default) outlives the container; tmpfs is memory, and any restart of the container empties it; host is a folder of this machine.",
  );

const limits = z
  .strictObject({
    memory: size("Memory, swap included; 4 GB when left out, as agents need at least that.", "4 GB").optional(),
    cpu: cpu("Processor time; 2 when left out.").optional(),
    processes: count("Processes and threads together; 512 when left out.", 16, 4_194_304).optional(),
    openFiles: count("Files that one process may hold open; 4096 when left out.", 64, 1_048_576).optional(),
    tmp: size("Size of /tmp; 512 MB when left out.", "512 MB").optional(),
    sharedMemory: size("Size of /dev/shm; 64 MB when left out.", "64 MB").optional(),
    disk: size("Volumes /workspace and /session together; a session that takes more is ended. 20 GB when left out.", "20 GB").optional(),
  })
  .describe("What the session may use at most.");

const reservations = z
  .strictObject({
    memory: size("Memory that the kernel reclaims last.", "2 GB").optional(),
    cpu: cpu("Processor time under contention.").optional(),
  })
  .describe("What the session is promised when the machine is busy.");

const healthCheck = z
  .strictObject({
    interval: duration("Time between two checks; 30 s when left out.", "30 s").optional(),
    timeout: duration("Time until a check counts as failed; 10 s when left out.", "10 s").optional(),
    startPeriod: duration("Time after the start in which failures do not count; 30 s when left out.", "30 s").optional(),
    retries: count("Failures in a row until the session is started again; 3 when left out.", 1, 100).optional(),
  })
  .describe("When the session counts as unhealthy and is started again.");

const security = z
  .strictObject({
    capabilities: z
      .array(text("A Linux capability.").regex(/^(CAP_)?[A-Za-z_]+$/i, { error: "is not the name of a capability" }))
      .describe("Capabilities to add to none; the policy pack refuses dangerous ones.")
      .optional(),
    seccompProfile: text("A file with a seccomp profile; agent-sessions' own, of components/seccomp, when left out.").optional(),
    appArmorProfile: text("An AppArmor profile that this machine has loaded; the engine's own when left out.")
      .regex(/^[\w.-]+$/, { error: "is not the name of an AppArmor profile" })
      .optional(),
  })
  .describe("Loosenings and hardenings besides the baseline.");

const bind = z
  .strictObject({
    source: text("A folder of this machine."),
    target: text("Where the session sees it: an absolute path outside the session's own folders."),
    readOnly: flag("true when left out.").optional(),
  })
  .describe("A further folder of this machine.");

const environment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "is not the name of a variable" }),
    z.union([z.string(), z.number(), z.boolean()], { error: "is not a text; write it in quotes" }).transform(String),
  )
  .describe("Variables that the session's processes see. No secrets: they stand in plain state.");

/** What `defaults`, a security policy and a session have in common. */
const common = {
  uid: uid.optional(),
  repositories: z.array(repository).describe("Repositories of the session.").optional(),
  workspace: workspace.optional(),
  limits: limits.optional(),
  reservations: reservations.optional(),
  environment: environment.optional(),
  credentials: credentials.optional(),
  network: network.optional(),
  healthCheck: healthCheck.optional(),
  security: security.optional(),
  mounts: z.array(bind).describe("Further folders of this machine.").optional(),
  agent: agent.optional(),
  agentCommand: text(
    "The command line that runs in the session's terminal; the image's agent, else a shell, when left out. Claude Code goes on with its conversation after a restart with: claude ${SESSION_RESUME:-\"the prompt\"}",
  ).optional(),
  restart: restart.optional(),
  idleTimeout: duration("Time without anything on the screen until the session counts as complete.", "2 h").optional(),
  maxLifetime: duration("Time after the first start until the session counts as complete.", "2 d").optional(),
};

export const sessionSchema = z
  .strictObject({
    id: label("The session's name, at most 40 characters; its container is claude-agent-<id>.", 40),
    agentId: label("What the agent calls itself; the id when left out.", 63).optional(),
    securityPolicy: label("The name of an entry under securityPolicies; it stands between defaults and the session.", 63).optional(),
    ...common,
  })
  .describe("One agent session.");

export const defaultsSchema = z.strictObject(common).describe("What holds for every session that does not say otherwise.");

export const securityPoliciesSchema = z
  .record(z.string(), z.strictObject({ network: network.optional(), security: security.optional(), limits: limits.optional() }))
  .describe("Named sets of network, security and limits that sessions refer to by securityPolicy.");

/** What gives rights, or speaks to an engine; the rule IMG-004 finds the same in a Dockerfile. */
const uselessPackages: ReadonlySet<string> = new Set(["sudo", "docker.io", "docker-cli", "docker-ce-cli"]);

export const imageSchema = z
  .strictObject({
    variant: z
      .enum(["slim", "full"], { error: "is not a variant; write slim or full" })
      .describe("slim, or full with compilers and editors; slim when left out.")
      .optional(),
    base: text(
      "The Debian-based image to build upon, by name or digest. When left out: the local base that set-up made of Debian packages, else the stock Node image.",
    )
      .regex(/^[a-z0-9][\w.-]*(:\d+(?=\/))?(\/[a-z0-9][\w.-]*)*(:\w[\w.-]*)?(@[a-z0-9]+:[a-f0-9]+)?$/i, {
        error: 'is not the name of an image; write one such as "debian:12" or "registry.example/debian@sha256:…"',
      })
      .optional(),
    agent: z
      .union(
        [
          z.literal("none"),
          z.strictObject({
            // What begins with a hyphen would be an option of npm's, and what holds more than a name the place of another package.
            package: text("npm package; @anthropic-ai/claude-code when left out.")
              .regex(/^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/, {
                error: 'is not the name of an npm package; write one such as "@anthropic-ai/claude-code"',
              })
              .optional(),
            version: text("Its exact version.").regex(/^\d+\.\d+\.\d+[\w.+-]*$/, {
              error: 'is not an exact version; write one such as "2.1.329"',
            }),
          }),
        ],
        { error: 'is not an agent; write none or {version: "2.1.329"}' },
      )
      .describe("The agent's npm package and version, or none: sessions run a shell.")
      .optional(),
    packages: z
      .array(
        // The names that Debian's policy allows (5.6.7), which are no options of apt's.
        text("The name of a package.")
          .regex(/^[a-z0-9][a-z0-9+.-]+$/, { error: 'is not the name of a Debian package; write one such as "make"' })
          .refine((name) => !uselessPackages.has(name), {
            error: "has no use in a session, which can gain no rights and never reaches the engine; leave it out",
          }),
        { error: 'is not a list of Debian packages; write one such as ["gcc", "make"]' },
      )
      .describe("Debian packages beside those of the variant, by name, without what they recommend. None when left out.")
      .optional(),
    caBundle: text(
      'A file of PEM certificates that the build and the sessions trust too, or "none". When left out: the file that NODE_EXTRA_CA_CERTS names.',
    ).optional(),
    platform: z
      .enum(["linux/amd64", "linux/arm64"], { error: "is not a platform; write linux/amd64 or linux/arm64" })
      .describe("The engine's own when left out.")
      .optional(),
    revision: text("The source revision for the image's OCI labels.").optional(),
    created: text("The build date for the image's OCI labels, as RFC 3339.").optional(),
  })
  .describe("The image that sessions run.");

const strategyNames = Object.keys(strategySchemas) as StrategyName[];

/** All keys of a deployment, without the prefix `agent-sessions:`. */
export const deploymentSchema = z.strictObject({
  strategy: z
    .enum(strategyNames, { error: `is not a strategy; write ${strategyNames.join(" or ")}` })
    .describe("Where the sessions run; local when left out.")
    .optional(),
  ...strategyKeys(strategySchemas),
  image: imageSchema.optional(),
  allowedHostPaths: z
    .array(text("A folder of this machine."))
    .describe("Folders in which writable binds may lie; none when left out.")
    .optional(),
  securityPolicies: securityPoliciesSchema.optional(),
  egressSets: z
    .record(label("The set's name.", 40), z.array(allowedHost).min(1, { error: "is empty; name a host, or remove the set" }))
    .describe("Named sets of hosts for egress.allow, and hosts to add to the sets that there are.")
    .optional(),
  egress: z
    .strictObject({ parent: parent.optional() })
    .describe("How what the sessions are allowed leaves this machine; directly when left out.")
    .optional(),
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
