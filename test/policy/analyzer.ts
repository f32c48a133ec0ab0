/** The engine's side of the analyzer protocol, with the stubs that ship with the SDK. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import type { Resource } from "../../policy/evaluate.ts";

const require = createRequire(import.meta.url);
const sdk = createRequire(require.resolve("@pulumi/pulumi"));
const grpc = sdk("@grpc/grpc-js");
const { Struct } = sdk("google-protobuf/google/protobuf/struct_pb.js");
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb.js");
const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb");

export const proto = require("@pulumi/pulumi/proto/analyzer_pb");

export interface Diagnostic {
  readonly policyname: string;
  readonly message: string;
  readonly enforcementlevel: number;
  readonly severity: number;
  readonly urn: string;
}

export interface Remediation {
  readonly policyname: string;
  /** Why nothing was written. */
  readonly diagnostic: string;
  readonly properties: Record<string, unknown>;
}

export interface PolicySettings {
  readonly enforcement?: number;
  readonly properties?: Record<string, unknown>;
}

type Reply = { toObject(): Record<string, unknown> };

/** A pack in a process of its own, as an engine starts and asks it. */
export class Analyzer {
  readonly #pack: ChildProcess;
  // biome-ignore lint/suspicious/noExplicitAny: the stubs declare no client.
  readonly #client: any;

  private constructor(pack: ChildProcess, port: string) {
    this.#pack = pack;
    this.#client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  }

  /** The runner prints the port on which the pack listens. */
  static start(folder: string, runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack")): Promise<Analyzer> {
    const pack = spawn(process.execPath, [runner, "127.0.0.1:0", folder], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Promise((resolve, reject) => {
      let said = "";
      pack.stderr.on("data", (chunk) => {
        said += chunk;
      });
      pack.stdout.once("data", (chunk) => resolve(new Analyzer(pack, String(chunk).trim())));
      pack.once("exit", (code) => reject(new Error(`the pack ended with ${code}: ${said}`)));
    });
  }

  stop(): void {
    this.#client.close();
    this.#pack.kill();
  }

  #call(method: string, request: unknown): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client[method](request, (error: unknown, reply: Reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  async info(): Promise<Record<string, unknown>> {
    return (await this.#call("getAnalyzerInfo", new Empty())).toObject();
  }

  async configure(config: Record<string, PolicySettings>): Promise<void> {
    const message = new proto.ConfigureAnalyzerRequest();
    for (const [name, { enforcement = proto.EnforcementLevel.MANDATORY, properties = {} }] of Object.entries(config)) {
      const one = new proto.PolicyConfig();
      one.setEnforcementlevel(enforcement);
      one.setProperties(Struct.fromJavaScript(properties));
      message.getPolicyconfigMap().set(name, one);
    }
    await this.#call("configure", message);
  }

  async analyze(resource: Resource): Promise<Diagnostic[]> {
    return diagnostics(await this.#call("analyze", describe(new proto.AnalyzeRequest(), resource)));
  }

  async remediate(resource: Resource): Promise<Remediation[]> {
    const reply = await this.#call("remediate", describe(new proto.AnalyzeRequest(), resource));
    // biome-ignore lint/suspicious/noExplicitAny: the stubs declare no message.
    return (reply as any).getRemediationsList().map((one: any) => ({
      policyname: one.getPolicyname(),
      diagnostic: one.getDiagnostic(),
      properties: one.getProperties()?.toJavaScript() ?? {},
    }));
  }

  async analyzeStack(resources: readonly Resource[]): Promise<Diagnostic[]> {
    const message = new proto.AnalyzeStackRequest();
    message.setResourcesList(resources.map((resource) => describe(new proto.AnalyzerResource(), resource)));
    return diagnostics(await this.#call("analyzeStack", message));
  }
}

// biome-ignore lint/suspicious/noExplicitAny: both request types have these setters, and the stubs no common type.
function describe(message: any, { urn, type, name, props, protect = false, ignoreChanges = [] }: Resource): unknown {
  const options = new proto.AnalyzerResourceOptions();
  options.setProtect(protect);
  options.setIgnorechangesList([...ignoreChanges]);
  message.setUrn(urn);
  message.setType(type);
  message.setName(name);
  message.setProperties(Struct.fromJavaScript(props));
  message.setOptions(options);
  return message;
}

const diagnostics = (reply: Reply): Diagnostic[] => reply.toObject().diagnosticsList as Diagnostic[];
