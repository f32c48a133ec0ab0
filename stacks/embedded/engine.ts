import type Docker from "dockerode";
import { type Report, stops } from "../../policy/evaluate.ts";
import { authorityOfSessions, keepAuthority, keptAuthority, sessionOf } from "../authority.ts";
import { fromConfig, type StackSource } from "../configuration.ts";
import { deploy } from "../deploy.ts";
import { noEncryptedConfig, Secrets } from "../secrets.ts";
import { parse, type Settings } from "../settings.ts";
import { type Applied, applyPlan, type ApplyOptions, removeAll } from "./apply.ts";
import { decideGone } from "./decide.ts";
import { networkShortage } from "./capacity.ts";
import { buildImage, type Progress } from "./docker/image.ts";
import { type Identity, identify } from "../identity.ts";
import { emptyLive, imageType, type Live, readLive } from "./live.ts";
import { authorityIn, conflictsOf, type Plan, planDeployment, type PlanOptions, type Step } from "./plan.ts";
import { review } from "../recorder/review.ts";
import { revealSecrets } from "../recorder/secret-inputs.ts";

/** A plan and what the policy rules say of it. */
export interface Reviewed {
  readonly plan: Plan;
  readonly report: Report;
  /** Why it must not be carried out, one sentence each; empty when it may. */
  readonly refusals: readonly string[];
}

/** An image of a stack. */
export interface BuiltImage {
  readonly name: string;
  /** False when it was there already. */
  readonly built: boolean;
}

/** Why a plan must not be carried out, one sentence each: what stands in its way on the engine, and what the policy rules refuse. */
export function refusalsOf(plan: Plan, report: Report): string[] {
  const refused = report.findings.filter(stops);
  return [
    ...conflictsOf(plan),
    ...refused.map(
      ({ rule, resource, message, remediation }) => `policy ${rule}: ${resource.split("::").pop()}: ${message} ${remediation}`,
    ),
  ];
}

/** The embedded engine for one stack: plans with or without a container engine, and applies with one. */
export class EmbeddedEngine {
  readonly identity: Identity;
  readonly #source: StackSource;
  readonly #docker: Docker | undefined;
  readonly #secrets: Secrets;
  #settings: Settings | undefined;

  /** @param secrets where they are read */
  constructor(source: StackSource, docker?: Docker, secrets = new Secrets(noEncryptedConfig)) {
    this.identity = identify(source.project, source.stack, source.root);
    this.#source = source;
    this.#docker = docker;
    this.#secrets = secrets;
  }

  /**
   * Read when they are asked for: what is there can be taken down whatever the stack file, or this machine, says now.
   *
   * @throws SettingsError when the configuration is faulty
   */
  get settings(): Settings {
    this.#settings ??= parse(fromConfig(this.#source.config), { root: this.#source.root });
    return this.#settings;
  }

  #run(secrets = this.#secrets): Pick<PlanOptions, "project" | "stack" | "program"> {
    const { project, stack } = this.#source;
    const identity = this.#docker === undefined ? { project, stack } : this.identity;
    // What was planned is applied, whatever a package manager's configuration says by then.
    return { project, stack, program: async () => deploy(this.settings, identity, secrets) };
  }

  /** What the engine holds now; nothing for a plan without one. */
  live(): Promise<Live> {
    return this.#docker === undefined ? Promise.resolve(emptyLive(this.identity)) : readLive(this.#docker, this.identity);
  }

  /**
   * Compares what the settings describe with what is there, and judges it. Nothing is changed.
   *
   * @param options.secrets where secrets are read, when the plan is not to be applied
   * @throws SettingsError when a secret cannot be read
   */
  async plan(
    live: Live,
    { secrets = this.#secrets, ...options }: Pick<PlanOptions, "adopt" | "deleteData"> & { readonly secrets?: Secrets } = {},
  ): Promise<Reviewed> {
    const docker = this.#docker;
    const run = this.#run(secrets);
    const authority = keptAuthority(this.#source.root, this.#source.stack);
    const plan = await planDeployment({
      ...run,
      ...options,
      identity: this.identity,
      live,
      ...(docker !== undefined && { docker }),
      ...(authority !== undefined && { authority }),
    });
    const report = review(plan.run.registrations, this.settings);
    return { plan, report, refusals: refusalsOf(plan, report) };
  }

  /** Builds the images that the engine has not; all of them when forced. */
  async buildImages({
    force = false,
    line = () => {},
  }: {
    readonly force?: boolean;
    readonly line?: Progress;
  } = {}): Promise<BuiltImage[]> {
    const docker = this.#docker;
    if (docker === undefined) throw new Error("there is no container engine to build an image on");
    const { plan } = await this.plan(await this.live(), { secrets: new Secrets(noEncryptedConfig, { only: [] }) });
    const images: BuiltImage[] = [];
    for (const { urn, inputs } of plan.run.registrations.filter(({ type }) => type === imageType)) {
      const built = force || plan.steps.some((step) => step.urn === urn && step.operation === "create");
      if (built) await buildImage(docker, revealSecrets(inputs), line);
      images.push({ name: String(inputs.imageName), built });
    }
    return images;
  }

  /** Why the engine has no room for the plan; undefined when it has. */
  shortage(plan: Plan): Promise<string | undefined> {
    return this.#docker === undefined ? Promise.resolve(undefined) : networkShortage(plan, this.#docker, this.identity);
  }

  /**
   * Carries a plan out.
   *
   * @param options.only the sessions that the plan was limited to
   * @throws Error when there is no container engine
   */
  async apply(
    plan: Plan,
    live: Live,
    { only, ...options }: Pick<ApplyOptions, "parallel" | "progress"> & { readonly only?: readonly string[] } = {},
  ): Promise<Applied> {
    if (this.#docker === undefined) throw new Error("there is no container engine to apply the plan to");
    const applied = await applyPlan(plan, { ...this.#run(), ...options, docker: this.#docker, identity: this.identity, live });
    if (applied.outcomes.every(({ error, skipped }) => error === undefined && !skipped)) this.keepAuthority(plan, only);
    return applied;
  }

  /**
   * Keeps what the sessions may do, once a plan has been carried out, by whichever engine.
   *
   * @param only the sessions that it was carried out for
   */
  keepAuthority(plan: Plan, only?: readonly string[]): void {
    const { root, stack } = this.#source;
    const now = authorityIn(plan.run);
    const untouched = (line: string) => sessionOf(line) !== undefined && only?.includes(sessionOf(line) ?? "") === false;
    const others = only === undefined ? [] : (keptAuthority(root, stack) ?? []).filter(untouched);
    keepAuthority(root, stack, [...(only === undefined ? now : authorityOfSessions(now, only)), ...others].sort());
  }

  /** What `down` would do: remove everything of the deployment, volumes with data only when asked. */
  teardown(live: Live, deleteData: boolean): Step[] {
    return live.own.map((object) => ({
      operation: decideGone(object, { deleteData }),
      urn: object.urn ?? object.name,
      type: object.kind,
      name: object.name,
      changes: [],
      live: object,
    }));
  }

  /** Removes a volume with its data, whichever engine made it. */
  async removeVolume(name: string): Promise<void> {
    await this.#docker?.getVolume(name).remove();
  }

  /** Removes what {@link teardown} lists. @returns the failures, one sentence each */
  async remove(steps: readonly Step[], progress: (step: Step) => void = () => {}): Promise<string[]> {
    const docker = this.#docker;
    if (docker === undefined) throw new Error("there is no container engine to remove anything from");
    const failures: string[] = [];
    await removeAll(
      steps.filter(({ operation }) => operation === "delete"),
      docker,
      async (step, work) => {
        try {
          await work();
          progress(step);
        } catch (error) {
          failures.push(`${step.name}: ${(error as Error).message}`);
        }
      },
    );
    return failures;
  }
}
