import { z } from "zod";
import { count, duration, flag, label, text } from "./values.ts";

/** The form of the key `cleanup`; what belongs together in it is judged in cleanup.ts. */

/** What a session keeps in volumes, and clean-up may remove. */
export const dataKinds = ["workspace", "session", "logs"] as const;

const trigger = z
  .union(
    [
      z.literal("manual"),
      z.strictObject({ age: duration("What was made so long ago.", "7 d") }),
      z.strictObject({
        disk: count("The engine's disk is fuller than so many percent: the oldest goes first, until it no longer is.", 1, 99),
      }),
      z.strictObject({ complete: duration("The session has been complete or failed for so long.", "1 d") }),
    ],
    { error: 'is not a trigger; write {age: "7 d"}, {disk: 85}, {complete: "1 d"} or manual' },
  )
  .describe("When it goes. manual: when somebody runs sessions cleanup --policy NAME.");

const graceful = duration("Containers that run are told to stop, and ended after so long; 10 s for an archive when left out.", "30 s");

const strategy = z
  .union(
    [
      z.literal("delete"),
      z.strictObject({ graceful }),
      z.strictObject({
        archive: text(
          "A folder of the machine on which sessions cleanup runs: each volume is kept there as a tar file with its sha256 beside it, and removed when that was written and read back.",
        ),
        compress: count("How hard the archive is compressed by gzip; not at all when left out.", 1, 9).optional(),
        graceful: graceful.optional(),
      }),
    ],
    { error: 'is not a way to go; write delete, {graceful: "30 s"} or {archive: /srv/archives, compress: 6}' },
  )
  .describe("How it goes. delete: at once.");

const policy = z.strictObject({
  name: label("The policy's name.", 40),
  volumes: z
    .array(z.enum(dataKinds, { error: `is not a kind of volume; write ${dataKinds.join(", ")}` }), {
      error: "is not a list of kinds; write one such as [workspace, session, logs]",
    })
    .describe("The volumes that may go, by what they hold; none when left out. One that any container has mounted never goes.")
    .optional(),
  containers: flag(
    "A session's container may go, with what serves it: proxies, networks and what brings secrets. false when left out.",
  ).optional(),
  sessions: z
    .array(label("A session's id.", 40), { error: "is not a list of sessions; write one such as [demo]" })
    .describe(
      "Of which sessions. When left out: of all for the trigger complete, else of those that the stack file no longer describes and that do not run.",
    )
    .optional(),
  trigger,
  strategy,
});

export const cleanup = z
  .strictObject({
    policies: z
      .array(policy, { error: "is not a list of policies; write one entry for each" })
      .min(1, { error: "is empty; write a policy, or remove the key cleanup" })
      .describe("What may go, when and how."),
  })
  .describe("What sessions cleanup removes, and nothing else does; nothing when left out.");

export type CleanupInput = z.output<typeof cleanup>;
