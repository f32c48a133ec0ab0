import type Docker from "dockerode";
import { keepAuthority, keptAuthority } from "../authority.ts";
import type { StackSource } from "../configuration.ts";
import { deploy } from "../deploy.ts";
import { noEncryptedConfig, Secrets } from "../secrets.ts";
import { settingsOf, type Settings } from "../settings.ts";
import { type Applied, applyPlan, type ApplyOptions } from "./apply.ts";
import { removeAll } from "./carry-out.ts";
import { decideGone } from "./decide.ts";
import { networkShortage } from "./capacity.ts";
import { buildImage, type Progress } from "./docker/image.ts";
import { type Identity, identify } from "../identity.ts";
import { emptyLive, imageType, type Live, readChanged, readLive } from "./live.ts";
import { type DockerPlan, type DockerStep, planDeployment, type PlanOptions } from "./plan.ts";
import { authorityIn, judged, type Reviewed } from "../recorder/plan.ts";
import { review } from "../recorder/review.ts";
import { revealSecrets } from "../recorder/secret-inputs.ts";

/** An image of a stack. */
export interface BuiltImage {
  readonly name: string;
  /** False when it was there already. */
  readonly built: boolean;
}

/** The embedded engine for one stack: plans with or without a container engine, and applies with one. */
export class EmbeddedEngine {
  readonly identity: Identity;
  readonly #source: StackSource;
  readonly #docker: Docker | undefined;
  readonly #secrets: Secrets;

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
    return settingsOf(this.#source);
  }

  #run(secrets = this.#secrets): Pick<PlanOptions, "project" | "stack" | "program"> {
    const { project, stack } = this.#source;
    const identity = this.#docker === undefined ? { project, stack } : this.identity;
    // What was planned is applied, whatever a package manager's configuration says by then.
    return { project, stack, program: async () => deploy(this.settings, identity, secrets) };
  }

  /** What the engine holds now; nothing for a plan without one. */
  live(): Promise<Live> {
    return this.#docker === undefined ? Promise.resolve(emptyLive(this.identity)) : readChanged(this.#docker, this.identity);
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
  ): Promise<Reviewed<DockerPlan>> {
    const docker = this.#docker;
    const run = this.#run(secrets);
    const authority = keptAuthority(this.#source);
    const plan = await planDeployment({
      ...run,
      ...options,
      identity: this.identity,
      live,
      ...(docker !== undefined && { docker }),
      ...(authority !== undefined && { authority }),
    });
    return judged(plan, review(plan.run.registrations, this.settings));
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
    const { plan } = await this.plan(await readLive(docker, this.identity), { secrets: new Secrets(noEncryptedConfig, { only: [] }) });
    const images: BuiltImage[] = [];
    for (const { urn, inputs } of plan.run.registrations.filter(({ type }) => type === imageType)) {
      const built = force || plan.steps.some((step) => step.urn === urn && step.operation === "create");
      if (built) await buildImage(docker, revealSecrets(inputs), line);
      images.push({ name: String(inputs.imageName), built });
    }
    return images;
  }

  /** Why the engine has no room for the plan; undefined when it has. */
  shortage(plan: DockerPlan): Promise<string | undefined> {
    return this.#docker === undefined ? Promise.resolve(undefined) : networkShortage(plan, this.#docker, this.identity);
  }

  /**
   * Carries a plan out.
   *
   * @param options.only the sessions that the plan was limited to
   * @throws Error when there is no container engine
   */
  async apply(
    plan: DockerPlan,
    live: Live,
    { only, ...options }: Pick<ApplyOptions, "parallel" | "progress"> & { readonly only?: readonly string[] } = {},
  ): Promise<Applied> {
    if (this.#docker === undefined) throw new Error("there is no container engine to apply the plan to");
    const applied = await applyPlan(plan, { ...this.#run(), ...options, docker: this.#docker, identity: this.identity, live });
    if (applied.outcomes.every(({ error, skipped }) => error === undefined && !skipped))
      keepAuthority(this.#source, authorityIn(plan.run), only);
    return applied;
  }

  /** What `down` would do: remove everything of the deployment, volumes with data only when asked. */
  teardown(live: Live, deleteData: boolean): DockerStep[] {
    return live.own.map((object) => ({
      operation: decideGone(object, { deleteData }),
      urn: object.urn ?? object.name,
      type: object.kind,
      name: object.name,
      changes: [],
      live: object,
    }));
  }

  /** Removes what {@link teardown} lists. @returns the failures, one sentence each */
  async remove(steps: readonly DockerStep[], progress: (step: DockerStep) => void = () => {}): Promise<string[]> {
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
