import { z } from "zod";
import { duration } from "./values.ts";

/** The form of what the strategy swarm is told of its own, besides the engine. */
export const swarmOptions = {
  update: z
    .strictObject({
      failureAction: z
        .enum(["rollback", "pause"], { error: "is not what an update can do; write rollback or pause" })
        .describe("What becomes of a service whose new container fails: back to what it was, or left for somebody to look at.")
        .default("rollback"),
      monitor: duration("For so long a new container is watched for failing; 5 s when left out.", "5 s").default(5),
    })
    .describe("How what has changed of a session or a proxy is brought in. The old container ends first, as both would have one volume.")
    .prefault({}),
};
