/** The Pulumi engine's side of a preview, with the stubs that ship with the SDK: the program runs as the CLI runs it. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { hooksOf, type Properties, type Registration } from "../../stacks/recorder/program.ts";

const require = createRequire(import.meta.url);
const sdk = createRequire(require.resolve("@pulumi/pulumi"));
const grpc = sdk("@grpc/grpc-js");
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb.js");
const resource = require("@pulumi/pulumi/proto/resource_pb");
const engine = require("@pulumi/pulumi/proto/engine_pb");
const { ResourceMonitorService } = require("@pulumi/pulumi/proto/resource_grpc_pb");
const { EngineService } = require("@pulumi/pulumi/proto/engine_grpc_pb");

/** What the program asked for over the wire, as far as it decides what is created. */
export interface Asked {
  readonly urn: string;
  readonly inputs: Properties;
  readonly parent: string;
  readonly dependencies: readonly string[];
  readonly replaceWith: readonly string[];
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly hooks: Registration["hooks"];
}

// biome-ignore lint/suspicious/noExplicitAny: the stubs declare no requests.
type Call = { readonly request: any };
type Reply = (error: null, response: unknown) => void;

/**
 * Previews the program of a checkout in a process of its own.
 *
 * @throws Error with what the program logged, when it fails
 */
export async function previewOverTheWire(root: string, stack: string, config: Readonly<Record<string, string>>): Promise<Asked[]> {
  const asked: Asked[] = [];
  const logged: string[] = [];
  let rootUrn = "";
  const answer = (make: (call: Call) => unknown) => (call: Call, reply: Reply) => reply(null, make(call));
  const set = (message: Record<string, (value: unknown) => void>, values: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(values)) message[`set${name}`]?.(value);
    return message;
  };
  const server = new grpc.Server();
  server.addService(ResourceMonitorService, {
    supportsFeature: answer(() => set(new resource.SupportsFeatureResponse(), { Hassupport: true })),
    registerResource: answer(({ request }) => {
      const parentType = request.getParent().split("::")[2] ?? "";
      const type = parentType === "" || parentType === "pulumi:pulumi:Stack" ? request.getType() : `${parentType}$${request.getType()}`;
      const urn = `urn:pulumi:${stack}::agent-sessions::${type}::${request.getName()}`;
      asked.push({
        urn,
        inputs: request.getObject()?.toJavaScript() ?? {},
        parent: request.getParent(),
        dependencies: request.getDependenciesList(),
        replaceWith: request.getReplaceWithList(),
        retainOnDelete: request.getRetainondelete() ?? false,
        deleteBeforeReplace: request.getDeletebeforereplace(),
        hooks: hooksOf(request),
      });
      return set(new resource.RegisterResourceResponse(), { Urn: urn, Object: request.getObject() });
    }),
    ...Object.fromEntries(
      ["registerResourceOutputs", "registerResourceHook", "signalAndWaitForShutdown"].map((name) => [name, answer(() => new Empty())]),
    ),
  });
  server.addService(EngineService, {
    log: answer(({ request }) => {
      logged.push(request.getMessage());
      return new Empty();
    }),
    getRootResource: answer(() => set(new engine.GetRootResourceResponse(), { Urn: rootUrn })),
    setRootResource: answer(({ request }) => {
      rootUrn = request.getUrn();
      return new engine.SetRootResourceResponse();
    }),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const address = `127.0.0.1:${port}`;
  const args = [
    "--monitor",
    address,
    "--engine",
    address,
    "--project",
    "agent-sessions",
    "--stack",
    stack,
    "--root-directory",
    root,
    "--pwd",
    root,
    "--dry-run",
    join(root, "stacks/index.js"),
  ];
  const program = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/run"), ...args], {
    cwd: root,
    env: { ...process.env, PULUMI_CONFIG: JSON.stringify(config) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (text) => logged.push(String(text)));
  const code = await new Promise((resolve) => program.once("close", resolve));
  server.forceShutdown();
  if (code !== 0) throw new Error(`the program ended with ${code}: ${logged.join("\n")}`);
  return asked;
}
