import { z } from "zod";
import { durationPattern, parseDuration, parseRate, parseSize, ratePattern, sizePattern } from "../units.ts";

/** The forms of single values. A message here is what follows the key and the value in the sentence that a person reads. */

/** A text that says something. */
export const text = (meaning: string) =>
  z.string({ error: "is not a text; write it in quotes" }).min(1, { error: "is empty; write a value or remove the key" }).describe(meaning);

/** Bytes, written with their unit. */
export const size = (meaning: string, example: string) =>
  z
    .string({ error: `is not a size; write "${example}"` })
    .regex(sizePattern, { error: `is not a size; write "${example}"` })
    .transform((text) => parseSize(text) ?? Number.NaN)
    .refine((bytes) => bytes >= 1024 ** 2, { error: 'is less than 1 MB; write a larger size such as "64 MB"' })
    .refine((bytes) => bytes <= 1024 ** 5, { error: `is more than 1024 TB; write a smaller size such as "${example}"` })
    .describe(`${meaning} A size with its unit, such as "${example}".`);

/** Bytes a second, written with their unit. The proxy cannot count more than the most that is taken. */
export const rate = (meaning: string, example: string) =>
  z
    .string({ error: `is not a rate in bytes; write "${example}"` })
    .regex(ratePattern, { error: `is not a rate in bytes; write "${example}"` })
    .transform((text) => parseRate(text) ?? Number.NaN)
    .refine((bytes) => bytes >= 64 * 1024, { error: `is less than 64 KB/s; write a larger rate such as "${example}"` })
    .refine((bytes) => bytes <= 1024 ** 3, { error: `is more than 1 GB/s; write a smaller rate such as "${example}", or remove the limit` })
    .describe(`${meaning} Bytes a second with their unit, such as "${example}".`);

/** Seconds, written with their unit. */
export const duration = (meaning: string, example: string) =>
  z
    .string({ error: `is not a duration; write "${example}"` })
    .regex(durationPattern, { error: `is not a duration; write "${example}"` })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((seconds) => seconds >= 1, { error: `is shorter than a second; write "${example}"` })
    .refine((seconds) => seconds <= 36_500 * 86_400, { error: `is longer than a century; write "${example}"` })
    .describe(`${meaning} A duration with its unit, such as "${example}".`);

/** Cores, written as a number or a text. */
export const cpu = (meaning: string) =>
  z
    .union([z.number(), z.string().regex(/^\s*\d+(\.\d+)?\s*$/, { error: 'is not a number of cores; write "2" or "1.5"' })], {
      error: 'is not a number of cores; write "2" or "1.5"',
    })
    .transform((value) => Number(value))
    .refine((cores) => cores >= 0.1 && cores <= 1024, { error: 'is not a number of cores that can be given; write "2" or "0.5"' })
    // The Docker provider reads back no more than that.
    .refine((cores) => Number(cores.toFixed(cores < 10 ? 2 : 1)) === cores, {
      error: 'is too fine a number of cores; write at most two decimals, and one from 10 on, such as "1.25" or "12.5"',
    })
    .describe(`${meaning} Cores, in fractions, such as "1.5".`);

/** A whole number between two others. */
export const count = (meaning: string, least: number, most: number) =>
  z
    .number({ error: `is not a whole number; write one from ${least} to ${most}` })
    .int({ error: `is not a whole number; write one from ${least} to ${most}` })
    .min(least, { error: `is too small; write a number from ${least} to ${most}` })
    .max(most, { error: `is too large; write a number from ${least} to ${most}` })
    .describe(meaning);

/** A TCP or UDP port. */
export const port = (meaning: string) => count(meaning, 1, 65_535);

/** A DNS label: what a session, a repository and a policy may be called. */
export const label = (meaning: string, longest: number) =>
  z
    .string({ error: "is not a name; write it in quotes" })
    .max(longest, { error: `is longer than ${longest} characters; choose a shorter name` })
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: "is not a name; use a-z, 0-9 and -, beginning and ending with a letter or digit" })
    .describe(meaning);

/** An AWS region. */
export const region = (meaning: string) =>
  text(meaning).regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'is not an AWS region; write one such as "eu-central-1"' });

/** Yes or no. */
export const flag = (meaning: string) => z.boolean({ error: "is not true or false" }).describe(meaning);

/** What AWS's schedules are written in; cron has six fields there. @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html */
export const awsSchedule = (meaning: string) =>
  text(meaning).regex(/^cron\((\S+ ){5}\S+\)$/, {
    error: 'is not a schedule of AWS; write one with six fields, such as "cron(0 3 * * ? *)"',
  });

/** The name of an object of a cluster. */
export const clusterName = (meaning: string) =>
  text(meaning).regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, {
    error: "is not the name of such an object; use a-z, 0-9, - and ., beginning and ending with a letter or digit",
  });
