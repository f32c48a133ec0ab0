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

type Asked = Recorded["all"][number];

/** By what it is found and told apart, on any platform; but for what everything of a stack has. */
function labelsOf({ inputs }: Asked): string {
  const { labels, tags, metadata } = inputs as {
    readonly labels?: readonly { readonly label: string; readonly value: string }[] | object;
    readonly tags?: object;
    readonly metadata?: { readonly labels?: object };
  };
  const listed = Array.isArray(labels) ? labels.map(({ label, value }) => [label, value]) : [];
  const all = [...listed, ...Object.entries(tags ?? metadata?.labels ?? {})].map(([name, value]) => [
    String(name).replace(/^agent-sessions[:/]/, ""),
    value,
  ]);
  const own = all.filter(([name]) => !["created_by", "project", "stack", "app.kubernetes.io/managed-by"].includes(name));
  return own.length === 0 ? "" : ` {${own.map(([name, value]) => `${name}=${value}`).join(" ")}}`;
}

/** How it is replaced and removed, and what runs when. */
function optionsOf({ deleteBeforeReplace, retainOnDelete, ignoreChanges, hooks }: Asked): string {
  const options = [
    ...(deleteBeforeReplace ? ["gone first"] : []),
    ...(retainOnDelete ? ["kept"] : []),
    ...ignoreChanges.map((path) => `any ${path}`),
    ...Object.entries(hooks).flatMap(([event, names]) => names.map((name) => `${event} ${name.replace("agent-sessions-", "")}`)),
  ];
  return options.length === 0 ? "" : ` (${options.join(", ")})`;
}

/**
 * What settings ask for, a line for each resource, below its parent: type and name, what a component hands out, labels, what must be
 * there before, with what it is replaced, and its options.
 */
export async function treeOf(raw: Readonly<Record<string, unknown>>): Promise<string[]> {
  const settings = parse(raw, { environment: {} });
  const secrets = new Secrets(noEncryptedConfig);
  Object.assign(process.env, { [treeKey.env]: "0123456789abcdef0123456789abcdef" });
  const { all, outputs } = await withOutputs(() => deploy(settings, { project: "agent-sessions", stack: "test" }, secrets));
  const names = new Map(all.map(({ urn, name }) => [urn, name]));
  const list = (what: string, urns: readonly string[]) =>
    urns.length === 0
      ? ""
      : ` ${what} ${urns
          .map((urn) => names.get(urn))
          .sort()
          .join(" ")}`;
  const lineOf = (one: Asked) => {
    const handed = outputs[one.urn];
    const rest = `${labelsOf(one)}${list("after", one.dependencies)}${list("with", one.replaceWith)}${optionsOf(one)}`;
    return `${one.type.split(":").at(-1)} ${one.name}${handed === undefined ? "" : ` [${handed.join(", ")}]`}${rest}`;
  };
  const below = (parent: string | undefined, indent: string): string[] =>
    all
      .filter((one) => (names.has(one.parent ?? "") ? one.parent : undefined) === parent)
      .map((one) => ({ urn: one.urn, line: lineOf(one) }))
      .sort((one, other) => (one.line < other.line ? -1 : 1))
      .flatMap(({ urn, line }) => [`${indent}${line}`, ...below(urn, `${indent}  `)]);
  return below(undefined, "");
}
