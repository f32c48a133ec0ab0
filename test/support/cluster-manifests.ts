import type { Resource } from "../../policy/evaluate.ts";
import { readable } from "../../policy/rules/read/value.ts";
import { deploy } from "../../stacks/deploy.ts";
import { runProgram } from "../../stacks/recorder/program.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";

const digest = "0".repeat(64);
const images = { session: `registry.example/session@sha256:${digest}`, egressProxy: `registry.example/proxy@sha256:${digest}` };

/** What a cluster fills in of its own. */
const filledIn = { clusterIP: "10.96.0.9" };

/** The objects of a stack on Kubernetes as a cluster is given them, secrets opened. @param deployment its settings, but for images */
export async function clusterObjects(deployment: { readonly kubernetes?: object; readonly [key: string]: unknown }): Promise<Resource[]> {
  const input = { strategy: "kubernetes", ...deployment, kubernetes: { context: "test", images, ...deployment.kubernetes } };
  const settings = parse(input, { environment: {} });
  const { registrations } = await runProgram({
    project: "agent-sessions",
    stack: "test",
    preview: false,
    program: async () => {
      await deploy(settings, { project: "agent-sessions", stack: "test" }, new Secrets(noEncryptedConfig));
      return {};
    },
    resolve: async ({ inputs, name }) => ({
      id: name,
      outputs: {
        ...inputs,
        metadata: { ...(inputs.metadata as object), resourceVersion: "1", uid: name },
        spec: { ...filledIn, ...(inputs.spec as object) },
      },
    }),
  });
  return registrations.flatMap(({ urn, type, name, inputs }) =>
    type.startsWith("kubernetes:") ? [{ urn, type, name, props: readable(inputs) }] : [],
  );
}

/** Sessions with whatever a cluster makes objects of; the secret is one that is always there. */
export const everyForm = [
  { id: "plain" },
  {
    id: "filtered",
    network: { egress: { allow: ["api.anthropic.com"] } },
    credentials: { kind: "proxy", provider: "anthropic", secret: { env: "PATH" } },
  },
  {
    id: "cloning",
    repositories: [{ name: "project", url: "https://git.example/project" }],
    credentials: { kind: "file", secret: { env: "PATH" } },
    workspace: { kind: "tmpfs" },
  },
  { id: "pool", pool: { autoscale: { min: 2, max: 5, cpu: 70 } }, network: { egress: { allow: ["api.anthropic.com"] } } },
];
