import { z } from "zod";
import { agent, restart } from "./agent-schema.ts";
import { credentials, sessionSecret } from "./credentials-schema.ts";
import { services } from "./dev-services-schema.ts";
import { network } from "./network-schema.ts";
import { pool } from "./pool-schema.ts";
import { uid } from "./uid-schema.ts";
import { count, cpu, duration, flag, label, size, text } from "./values.ts";

/** The form of a session; what belongs together in it is judged in sessions.ts. */

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
    secret: sessionSecret.describe("The password or token that the clone of an https URL needs; the session never sees it.").optional(),
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
  group: label(
    "Sessions of one group reach each other on a network that they share, by their ids; no other session is on it. What one of them reaches it can hand on to the others. None when left out.",
    40,
  ).optional(),
  services: services.optional(),
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
    pool: pool.optional(),
    securityPolicy: label("The name of an entry under securityPolicies; it stands between defaults and the session.", 63).optional(),
    ...common,
  })
  .describe("One agent session.");

export const defaultsSchema = z.strictObject(common).describe("What holds for every session that does not say otherwise.");

export const securityPoliciesSchema = z
  .record(z.string(), z.strictObject({ network: network.optional(), security: security.optional(), limits: limits.optional() }))
  .describe("Named sets of network, security and limits that sessions refer to by securityPolicy.");
