import { z } from "zod";
import { count, text } from "./values.ts";

/** The form of the keys `agent` and `restart`; what belongs together in them is judged in agent.ts. */

export const agent = z
  .strictObject({
    task: text(
      "What Claude Code is told to do without a person: claude -p. Its result is /session/result.json, its transcript is in the logs.",
    ).optional(),
    taskFile: text("A file of this machine with the task.").optional(),
    permissions: z
      .enum(["ask", "bypass"], { error: "is not a way to ask; write ask or bypass" })
      .describe(
        "ask: as Claude Code itself does, which asks a person or judges a tool's use; bypass: nobody is asked. bypass with a task, else ask.",
      )
      .optional(),
    settings: text("A file of this machine with Claude Code's managed settings, which the agent cannot change.").optional(),
    instructions: text("A file of this machine with instructions for the agent, which it cannot change: its managed CLAUDE.md.").optional(),
  })
  .describe("What Claude Code does and how; another agent is told by agentCommand.");

export const restart = z
  .union([z.enum(["always", "on-failure", "never"]), z.strictObject({ retries: count("So often at most.", 0, 1000) })], {
    error: "is not a way to restart; write always, on-failure, never or {retries: 3}",
  })
  .describe(
    "Whether an agent that failed is started again: always, without a task; on-failure, at most 3 times with growing pauses, with one; never; or at most so many retries. One that ended with 0 is complete.",
  );
