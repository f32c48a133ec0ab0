import { z } from "zod";
import { awsSchedule, count, duration, label, port, text } from "./values.ts";

const replicas = (meaning: string) => count(meaning, 1, 1000);

/** The form of the key `pool` of a session. */
export const pool = z
  .strictObject({
    replicas: replicas("How many pods there are; 3 when left out.").optional(),
    autoscale: z
      .strictObject({
        min: replicas("The fewest pods."),
        max: replicas("The most pods."),
        cpu: count("Percent of the processor time that pods are promised, beyond which there are more; 70 when left out.", 1, 100).default(
          70,
        ),
        memory: count("Percent of their memory, beyond which there are more; not looked at when left out. On ECS.", 1, 100).optional(),
        cooldown: z
          .strictObject({
            out: duration("Between two steps to more; 60 s when left out.", "60 s").optional(),
            in: duration("Between two steps to fewer; 300 s when left out.", "300 s").optional(),
          })
          .describe("How long it is waited until the next step. On ECS.")
          .optional(),
        schedule: z
          .array(
            z
              .strictObject({
                at: awsSchedule("When, in UTC."),
                min: count("The fewest from then on; 0 for none at all.", 0, 1000),
                max: count("The most from then on.", 0, 1000),
              })
              .refine(({ min, max }) => min <= max, { error: "has a min above its max; exchange them" }),
          )
          .min(1, { error: "is empty; name a time, or remove it" })
          .describe("Other bounds from certain times on, such as none at night. On ECS.")
          .optional(),
      })
      .refine(({ min, max }) => min <= max, { error: "has a min above its max; exchange them" })
      .describe("As many pods as their work asks for, instead of a fixed number.")
      .optional(),
    port: port("The TCP port on which each pod answers; 8080 when left out.").default(8080),
    clients: z
      .strictObject({
        namespace: label("The namespace of the pods that may connect; the stack's own when left out.", 63).optional(),
        labels: z
          .record(text("A label's name."), z.string({ error: "is not a text; write it in quotes" }))
          .refine((labels) => Object.keys(labels).length > 0, { error: "is empty, which is every pod; name a label" })
          .describe("Labels that these pods have, all of them."),
      })
      .describe("Pods that may connect to the port; nobody when left out.")
      .optional(),
  })
  .refine(({ replicas, autoscale }) => replicas === undefined || autoscale === undefined, {
    error: "has replicas and autoscale; remove one of them",
  })
  .transform(({ replicas, ...rest }) => ({ replicas: replicas ?? rest.autoscale?.min ?? 3, ...rest }))
  .describe("Several pods that do the same work behind one address, each client at one of them. What they keep lasts as long as the pod.");
