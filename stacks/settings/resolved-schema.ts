import { z } from "zod";
import { text } from "./values.ts";

/** The form of the key `resolved`: what "sessions resolve" wrote in the place of what a plan reads from the machine it runs on. */
export const resolved = z
  .strictObject({
    base: text("The image to build upon, where image.base does not say.").optional(),
    caBundle: text('The file of certificates, or "none", where image.caBundle does not say.').optional(),
    egressSets: z
      .record(z.string(), z.array(text("A host with its port.")).min(1, { error: 'is empty; run "npx sessions resolve"' }))
      .describe("The hosts of each package manager's set that a session names.")
      .optional(),
  })
  .describe("Written by sessions resolve: what a plan would else read from the machine it runs on.");

/** What stands in the place of what would be read here. */
export type Resolved = z.output<typeof resolved>;
