import * as pulumi from "@pulumi/pulumi";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import state from "@pulumi/pulumi/runtime/state.js";
import type structproto from "google-protobuf/google/protobuf/struct_pb.js";
import { stayInProcess, structOf } from "./in-process.ts";
import type { Properties, Registration } from "./registration.ts";
import { transformed } from "./transforms.ts";
import { answerAwaited, unknownValue } from "./unknown.ts";

export type { Properties, Registration } from "./registration.ts";

/** The parts of the SDK's runtime that it does not declare; one test guards them, and the SDK's version is pinned. */
const { waitForRPCs } = settings as unknown as { waitForRPCs(): Promise<void> };
const { getStore, withLocalStorage } = state as unknown as {
  getStore(): Record<string, unknown>;
  withLocalStorage<T>(callback: () => T): T;
};

/** What errors keep of their stack outside a program. */
const { stackTraceLimit } = Error;

/** What the engine answers for one resource. */
export interface Resolution {
  /** Undefined while it is unknown. */
  readonly id?: string | undefined;
  readonly outputs: Properties;
}

export interface RunOptions {
  readonly project: string;
  readonly stack: string;
  /** The program only says what it wants; ids and computed values are unknown. */
  readonly preview: boolean;
  /** Registers resources; what it returns becomes the stack's outputs. */
  readonly program: () => Promise<object>;
  /** Answers each registration. It must not throw: what throws here becomes an unhandled rejection in the SDK. */
  readonly resolve: (registration: Registration) => Promise<Resolution>;
  /** What provider functions answer, by their tokens and arguments; one of which nothing is said is answered as unknown. @default all are */
  readonly answer?: (token: string, args: Properties) => Properties | undefined;
}

export interface ProgramRun {
  /** In the order in which the program asked for them, components included. */
  readonly registrations: readonly Registration[];
  readonly outputs: Properties;
  /** The tokens of provider functions that were answered as unknown, sorted. */
  readonly unanswered: readonly string[];
}

/**
 * Runs the Pulumi program in this process, with `resolve` in the engine's place and no provider: what the program asks of one
 * is answered by `answer`, or is unknown.
 *
 * @throws whatever the program throws
 */
export function runProgram(options: RunOptions): Promise<ProgramRun> {
  // The SDK takes one for each of its promises: half of what a program of many resources takes.
  if (!process.env.DEBUG) Error.stackTraceLimit = 0;
  return withLocalStorage(() => run(options)).finally(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
}

async function run(options: RunOptions): Promise<ProgramRun> {
  const monitor = new Recorder(options);
  settings.setMockOptions(monitor, options.project, options.stack, options.preview);
  const store = getStore();
  store.supportsSecrets = true;
  store.supportsResourceReferences = true;
  store.supportsDeletedWith = true;
  store.supportsReplaceWith = true;
  store.supportsResourceHooks = true;
  store.supportsTransforms = true;
  store.callbacks = {
    // Their work is part of making the resource here, so they are only named. This spares the callback server.
    registerResourceHook: async () => {},
    registerStackTransform: (transform: pulumi.ResourceTransform) => void monitor.transforms.push(transform),
    awaitStackRegistrations: async () => {},
    shutdown: () => {},
  };

  // Kept apart from the stack's own output, which is unknown as a whole as soon as one value in it is.
  let outputs: object = {};
  let failure: unknown;
  await pulumi.runtime.runInPulumiStack(async () => {
    try {
      outputs = await options.program();
    } catch (error) {
      failure = error;
    }
    return outputs;
  });
  await waitForRPCs();
  const unanswered = [...monitor.unanswered].sort();
  if (monitor.failure !== undefined) throw monitor.failure;
  if (failure !== undefined) throw explained(failure, unanswered);
  return { registrations: monitor.registrations, outputs: (await resolved(outputs)) as Properties, unanswered };
}

/** Most programs that stumble over an unknown answer say only what was not in it. */
function explained(failure: unknown, unanswered: readonly string[]): unknown {
  if (failure instanceof Error && unanswered.length > 0)
    failure.message += ` (no provider is asked here, so what these functions answer is unknown: ${unanswered.join(", ")})`;
  return failure;
}

/** Waits for every output in a value; unknown ones become undefined. */
async function resolved(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const inner = value as unknown as { promise(): Promise<unknown>; isKnown: Promise<boolean> };
    const result = await inner.promise();
    return (await inner.isKnown) ? resolved(result) : undefined;
  }
  if (Array.isArray(value)) return Promise.all(value.map(resolved));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, inner]) => [key, await resolved(inner)] as const)));
  }
  return value;
}

type Reply = (error: unknown, response?: unknown) => void;

/** The seam to the SDK: the monitor that its own unit tests use, with the engine's answers. */
class Recorder extends MockMonitor {
  readonly registrations: Registration[] = [];
  readonly transforms: pulumi.ResourceTransform[] = [];
  readonly #options: RunOptions;

  readonly unanswered = new Set<string>();
  /** What the caller's answers, or a transform, failed with first. Nothing is made from then on. */
  failure: unknown;

  constructor(options: RunOptions) {
    // Neither is called: what would call them is overridden.
    super({ call: () => ({}), newResource: () => ({ id: undefined, state: {} }) });
    this.#options = options;
  }

  #answer(token: string, args: structproto.Struct | undefined): structproto.Struct | undefined {
    try {
      const answer = this.#options.answer?.(token, (args?.toJavaScript() ?? {}) as Properties);
      if (answer !== undefined) return structOf(answer);
    } catch (error) {
      // The SDK would tell nobody, or end the process.
      this.failure ??= error;
    }
    this.unanswered.add(token);
    return undefined;
  }

  override async invoke(request: resproto.ResourceInvokeRequest, reply: Reply): Promise<void> {
    // One that this run has made; of another nothing is known.
    const { urn } = (request.getArgs()?.toJavaScript() ?? {}) as { readonly urn?: string };
    if (request.getTok() === "pulumi:pulumi:getResource" && this.resources.has(urn ?? "")) return super.invoke(request, reply);
    const answer = this.#answer(request.getTok(), request.getArgs());
    const response = new resproto.ResourceInvokeResponse();
    response.setReturn(answer);
    response.setUnknown(answer === undefined);
    reply(null, response);
  }

  /** A method of a resource. Its answer cannot be unknown as a whole, but it is as soon as one value in it is. */
  call(request: resproto.ResourceCallRequest, reply: Reply): void {
    const response = new provproto.CallResponse();
    response.setReturn(this.#answer(request.getTok(), request.getArgs()) ?? structOf({ result: unknownValue }));
    reply(null, response);
  }

  /** An object that somebody else made: of it is known what the program says, and in a preview all else is unknown. */
  override async readResource(request: resproto.ReadResourceRequest, reply: Reply): Promise<void> {
    const urn = this.#urn(request.getParent(), request.getType(), request.getName());
    const state = (request.getProperties()?.toJavaScript() ?? {}) as Properties;
    this.unanswered.add(request.getType());
    this.resources.set(urn, { urn, id: request.getId(), state });
    const response = new resproto.ReadResourceResponse();
    response.setUrn(urn);
    response.setProperties(structOf(state));
    reply(null, response);
  }

  override async registerResource(request: resproto.RegisterResourceRequest, reply: Reply): Promise<void> {
    const asked = this.#read(request);
    const registration = await transformed(asked, this.transforms).catch((error: unknown) => {
      this.failure ??= error;
      return asked;
    });
    this.registrations.push(registration);
    const { id, outputs } = await this.#make(registration);
    this.resources.set(registration.urn, { urn: registration.urn, id: id ?? null, state: outputs });
    const response = new resproto.RegisterResourceResponse();
    response.setUrn(registration.urn);
    response.setId(id ?? "");
    response.setObject(structOf(outputs));
    reply(null, response);
  }

  async #make(registration: Registration): Promise<Resolution> {
    if (!registration.custom) return { outputs: {} };
    return this.failure === undefined ? this.#options.resolve(registration) : { outputs: registration.inputs };
  }

  /** As the real engine makes it, so that both know a resource by one name. */
  #urn(parent: string, type: string, name: string): string {
    const parentType = parent.split("::")[2] ?? "";
    const qualified = parentType === "" || parentType === pulumi.runtime.rootPulumiStackTypeName ? type : `${parentType}$${type}`;
    return `urn:pulumi:${this.#options.stack}::${this.#options.project}::${qualified}::${name}`;
  }

  #read(request: resproto.RegisterResourceRequest): Registration {
    const [parent, provider] = [request.getParent(), request.getProvider()];
    return {
      urn: this.#urn(parent, request.getType(), request.getName()),
      type: request.getType(),
      name: request.getName(),
      custom: request.getCustom(),
      inputs: (request.getObject()?.toJavaScript() ?? {}) as Properties,
      ...(parent && { parent }),
      ...(provider && { provider }),
      dependencies: request.getDependenciesList(),
      replaceWith: request.getReplaceWithList(),
      ignoreChanges: request.getIgnorechangesList(),
      retainOnDelete: request.getRetainondelete() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplace(),
      protect: request.getProtect() ?? false,
      hooks: hooksOf(request),
    };
  }
}

/** Whether what runs now is a recorded program. Outside of one, the SDK's own way to its monitor leads to the last. */
const isRecorded = () => (getStore().settings as { readonly monitor?: unknown }).monitor instanceof Recorder;

answerAwaited(isRecorded);
stayInProcess(isRecorded);

/** The hooks that a request names, by event. */
export function hooksOf(request: resproto.RegisterResourceRequest): Registration["hooks"] {
  const lists = Object.entries(request.getHooks()?.toObject() ?? {});
  return Object.fromEntries(lists.filter(([, names]) => names.length > 0).map(([event, names]) => [event.replace(/List$/, ""), names]));
}
