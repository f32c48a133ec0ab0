import { z } from "zod";
import { devServiceNames } from "../../components/dev-services/args.ts";
import { port } from "./values.ts";

/** The form of the key `local.devServices`, and of the services that a session lists; what belongs together is judged in dev-services.ts. */

const onPort = (usual: number) =>
  z.strictObject({ port: port(`Of this machine, on 127.0.0.1; ${usual} when left out.`).default(usual) }).optional();

export const devServices = z
  .strictObject({
    postgresql: onPort(5433).describe("PostgreSQL: {}, or the port."),
    redis: onPort(6380).describe("Redis: {}, or the port."),
  })
  .describe("Servers for the sessions that list them by services, with a password that each makes; none when left out.");

export const services = z
  .array(z.enum(devServiceNames, { error: "is not a service; write postgresql or redis" }))
  .describe("What of local.devServices the session uses: below /run/services/<name> it sees a socket and the password.");
