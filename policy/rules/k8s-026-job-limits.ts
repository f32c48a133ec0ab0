import { specOf, title } from "./read/kubernetes.ts";
import { number, record } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const jobLimits: Rule = {
  id: "K8S-026",
  name: "job-limits",
  title: "A job has no end",
  severity: "low",
  frameworks: [],
  remediation: "Set activeDeadlineSeconds, ttlSecondsAfterFinished and backoffLimit.",
  reads: "activeDeadlineSeconds, ttlSecondsAfterFinished, backoffLimit",
  kinds: ["kubernetes:Job", "kubernetes:CronJob"],
  *resource(job) {
    if (job.isPatch) return;
    const own = specOf(job);
    const spec = job.kind === "kubernetes:CronJob" ? record(record(own.jobTemplate).spec) : own;
    for (const limit of ["activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimit"])
      if (number(spec[limit]) === undefined) yield `The ${title(job)} must set ${limit}.`;
  },
};
