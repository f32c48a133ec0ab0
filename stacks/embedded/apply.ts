import type Docker from "dockerode";
import type { Identity } from "../identity.ts";
import type { Outcome, Step } from "../recorder/plan.ts";
import { type Properties, type Resolution, type RunOptions, runProgram } from "../recorder/program.ts";
import { carryOut, removeAll } from "./carry-out.ts";
import { imageOutputs } from "./docker/image.ts";
import { isImage, type Live, type LiveObject } from "./live.ts";
import type { DockerPlan, DockerStep } from "./plan.ts";
import { refuseBeyondReach, refuseUnlikePlan } from "./transformed.ts";

export interface ApplyOptions extends Pick<RunOptions, "project" | "stack" | "program"> {
  readonly docker: Docker;
  readonly identity: Identity;
  readonly live: Live;
  /** Requests to the engine at once. @default 16 */
  readonly parallel?: number;
  /** Told of each step when it begins and when it ends. */
  readonly progress?: { begin?(step: Step): void; end?(outcome: Outcome): void };
}

export interface Applied {
  readonly outcomes: readonly Outcome[];
  readonly outputs: Properties;
}

/**
 * Carries a plan out: what has left the program first, so that its names and ports are free, then the program again, each
 * registration making its object as soon as what it needs is there.
 *
 * It never throws for a step: failures are outcomes, and what needs a failed step is skipped.
 *
 * @throws Error before anything is touched when the program asks for what only a provider knows, or a transform for what only the
 *   Pulumi CLI does
 */
export async function applyPlan(plan: DockerPlan, options: ApplyOptions): Promise<Applied> {
  if (plan.run.unanswered.length > 0)
    throw new Error(
      `nothing was changed: the program asks providers (${plan.run.unanswered.join(", ")}), and the embedded engine has none; deploy this stack with the Pulumi CLI (--engine pulumi)`,
    );
  refuseBeyondReach(plan.run.registrations);
  const planned = new Map(plan.run.registrations.map((registration) => [registration.urn, registration]));
  const { docker, identity } = options;
  const work = new Work(options);
  const gone = plan.steps.filter(({ operation }) => operation === "delete");
  const steps = new Map(
    plan.steps.filter(({ operation }) => operation !== "delete" && operation !== "keep").map((step) => [step.urn, step]),
  );
  await removeAll(
    gone.filter(({ live }) => !isHeld(live)),
    docker,
    work.perform,
  );
  const run = await runProgram({
    ...options,
    preview: false,
    resolve: async (registration) => {
      const step = steps.get(registration.urn);
      const { type, inputs } = registration;
      // A value that is not there has no dependencies for the SDK, and what needs an image that failed is to be skipped.
      const asked = { outputs: isImage(type) ? imageOutputs(inputs, "") : inputs };
      if (step === undefined) return asked;
      if (work.isSkipped(step, registration.dependencies)) return asked;
      const made = await work.perform(step, async () => {
        refuseUnlikePlan(planned.get(registration.urn), registration);
        return carryOut(step, registration, plan, { docker, identity });
      });
      return made ?? asked;
    },
  });
  await removeAll(
    gone.filter(({ live }) => isHeld(live)),
    docker,
    work.perform,
  );
  return { outcomes: work.outcomes, outputs: run.outputs };
}

/** Whether what left the program may still be in use by what is to be replaced. */
const isHeld = (live: LiveObject | undefined) => live !== undefined && ["volume", "secret", "config"].includes(live.kind);

/** Does steps, so many at once, and keeps what became of each. */
class Work {
  readonly outcomes: Outcome[] = [];
  readonly #failed = new Set<string>();
  readonly #progress: ApplyOptions["progress"];
  readonly #limit: ReturnType<typeof limiter>;

  constructor({ parallel = 16, progress }: Pick<ApplyOptions, "parallel" | "progress">) {
    this.#progress = progress;
    this.#limit = limiter(parallel);
  }

  /** @returns nothing when it failed */
  readonly perform = async (step: DockerStep, work: () => Promise<Resolution>): Promise<Resolution | undefined> => {
    try {
      const resolution = await this.#limit(async () => {
        this.#progress?.begin?.(step);
        return work();
      });
      this.#finish(step, {});
      return resolution;
    } catch (error) {
      this.#finish(step, { error: (error as Error).message });
      return undefined;
    }
  };

  /** Skips a step when something that it needs was not done. */
  isSkipped(step: DockerStep, needed: readonly string[]): boolean {
    const skipped = needed.some((urn) => this.#failed.has(urn));
    if (skipped) this.#finish(step, { skipped });
    return skipped;
  }

  #finish({ operation, urn, name }: DockerStep, end: Pick<Outcome, "error" | "skipped">): void {
    const outcome = { operation, urn, name, ...end };
    if (end.error !== undefined || end.skipped) this.#failed.add(urn);
    this.outcomes.push(outcome);
    this.#progress?.end?.(outcome);
  }
}

/** Lets so many run at once, the others in order. */
function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
