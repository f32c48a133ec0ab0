import { z } from "zod";

/** A text that says something. */
export const text = (meaning: string) => z.string({ error: "is not a text; write it in quotes" }).min(1, { error: "is empty; write a value or remove the key" }).describe(meaning);
