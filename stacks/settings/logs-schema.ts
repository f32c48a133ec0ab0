import { z } from "zod";
import { baseline } from "../../policy/baseline.ts";
import { count, size } from "./values.ts";

/** The form of the key `logs`; what belongs together in it is judged in logs.ts. */

const { maxSizeMegabytes, maxFiles } = baseline.logs;

export const logs = z
  .strictObject({
    driver: z
      .enum(["json-file", "local", "journald"], { error: "is not a log driver that can be read again; write json-file, local or journald" })
      .describe(
        "The engine's log driver: json-file, local, which is smaller, or journald of the engine's machine; json-file when left out.",
      )
      .default("json-file"),
    maxSize: size(
      `A file's size at most, of a session and of its credential proxy; ${maxSizeMegabytes} MB when left out, and not for journald.`,
      "20 MB",
    ).optional(),
    // With one file, the driver local would have nothing to compress.
    maxFiles: count(
      `Files that such a container has at most, of which the oldest goes first; ${maxFiles} when left out, and not for journald.`,
      2,
      1000,
    ).optional(),
  })
  .describe("How what the sessions' terminals show, and what their proxies and init steps print, is kept.");
