import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type resproto from "@pulumi/pulumi/proto/resource_pb.js";
import { deploy } from "../../stacks/deploy.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { type Recorded, record } from "./record.ts";

/** The secret of all that these settings ask for. */
export const treeKey = { env: "TREE_TEST_KEY" } as const;

/** Sessions that are made of much that there is: with a key as a file, with one behind a proxy, and with one that a command fetches. */
export const treeSessions = [
  { id: "file", credentials: { kind: "file", secret: treeKey } },
  {
    id: "proxy",
    credentials: { kind: "proxy", secret: treeKey },
    network: { egress: { allow: ["example.com"] } },
    repositories: [{ name: "r", url: "https://example.com/r.git", secret: treeKey }],
  },
  { id: "init", credentials: { kind: "init", command: "x", secret: treeKey }, network: { egress: "open" } },
] as const;

type Outputs = Readonly<Record<string, readonly string[]>>;

/** What a program registers, and the names of what its components hand out, by their URNs. */
async function withOutputs(program: () => unknown): Promise<Recorded & { readonly outputs: Outputs }> {
  const { registerResourceOutputs } = MockMonitor.prototype;
  const outputs: Record<string, readonly string[]> = {};
  MockMonitor.prototype.registerResourceOutputs = function (this: MockMonitor, request: resproto.RegisterResourceOutputsRequest, reply) {
    outputs[request.getUrn()] = Object.keys(request.getOutputs()?.toJavaScript() ?? {}).sort();
    return registerResourceOutputs.call(this, request, reply);
  };
  try {
    return { ...(await record(program)), outputs };
  } finally {
    MockMonitor.prototype.registerResourceOutputs = registerResourceOutputs;
  }
}

/** What settings ask for, a line for each resource, below its parent: type and name, and behind a component what it hands out. */
export async function treeOf(raw: Readonly<Record<string, unknown>>): Promise<string[]> {
  const settings = parse(raw, { environment: {} });
  const secrets = new Secrets(noEncryptedConfig);
  Object.assign(process.env, { [treeKey.env]: "0123456789abcdef0123456789abcdef" });
  const { all, outputs } = await withOutputs(() => deploy(settings, { project: "agent-sessions", stack: "test" }, secrets));
  const known = new Set(all.map(({ urn }) => urn));
  const below = (parent: string | undefined, indent: string): string[] =>
    all
      .filter((one) => (known.has(one.parent ?? "") ? one.parent : undefined) === parent)
      .map(({ urn, type, name }) => ({ urn, line: `${type.split(":").at(-1)} ${name}` }))
      .sort((one, other) => (one.line < other.line ? -1 : 1))
      .flatMap(({ urn, line }) => [
        `${indent}${line}${outputs[urn] === undefined ? "" : ` [${outputs[urn].join(", ")}]`}`,
        ...below(urn, `${indent}  `),
      ]);
  return below(undefined, "");
}
