import { z } from "zod";
import { baseline } from "../../policy/baseline.ts";

const { first, last } = baseline.ownUids;
const form = `is not a uid for a session; write shared, own or a number from ${first} to ${last}`;

export const uid = z
  .union([z.enum(["shared", "own"]), z.int().min(first, { error: form }).max(last, { error: form })], { error: form })
  .describe(
    `Who the session's processes are: shared, uid ${baseline.user.uid}, as all others that say so, and as that user of this machine; own, a uid from ${first} to ${last} that its id gives; or a number of that range. For sessions that see no folder of this machine. shared when left out.`,
  );
