import { z } from "zod";
import { exception, secret } from "./credentials-schema.ts";
import { text } from "./values.ts";

/** The form of the key `egress.parent`; what belongs together in it is judged in parent.ts. */

const url = z
  .string({ error: 'is not a URL; write one such as "http://proxy.corp.example:3128"' })
  .refine((value) => !/^[a-z]+:\/\/[^/]*@/i.test(value), {
    abort: true,
    error: "holds a user or a password; take them out, and write username and secret beside it",
  })
  .refine((value) => !/^(https|socks\w*):/i.test(value), {
    abort: true,
    error: "is no plain HTTP proxy; write the http:// address of one, by which TLS is carried unread (CONNECT)",
  })
  .regex(/^http:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?\/?$/i, {
    error: 'is not the address of a proxy; write one such as "http://proxy.corp.example:3128"',
  })
  .describe("The proxy's http:// address, with its port where that is not 80, and without user and password.");

export const parent = z
  .strictObject({
    url,
    username: text("Who signs in at it, by Basic authentication; nobody when left out.")
      // Squid gives a meaning of its own to a login that begins so.
      .regex(/^(?!\*|NEGOTIATE)[^:\p{Cc}]+$/u, { error: 'is not a user name that Basic authentication carries; write one without ":"' })
      .optional(),
    secret: secret.describe("That user's password. No session sees it.").optional(),
    exception: exception
      .describe(
        "Has builds of images sign in too, which are given the proxy's address alone when it is left out: the exception from the policy rule IMG-001 that a password among a build's arguments needs.",
      )
      .optional(),
    noProxy: z
      .array(text("A host's name, or *.suffix for all below it."), {
        error: 'is not a list of hosts; write one such as ["git.corp.example", "*.corp.example"]',
      })
      .describe("Hosts that are reached directly; none when left out.")
      .optional(),
  })
  .describe(
    "A company's HTTP proxy, by way of which the proxies of allow lists and credentials, clones by https and http, init steps and builds of images reach what they reach. Sessions with open egress do not use it.",
  );
