import type { Described } from "./stack.ts";

/** Stacks on ECS that together have every form of what can be described. */

const allowed = { egress: { allow: ["api.anthropic.com", "*.npmjs.org"] } };
const key = { secret: { env: "KEY" } };
const upstream = "https://api.anthropic.com";
const cloned = (name: string, ref?: string) => ({ name, url: `https://git.example.com/${name}`, ...(ref !== undefined && { ref }) });
/** A network of the company's. */
export const given = { id: "vpc-0a1b2c3d", subnets: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], proxySubnets: ["subnet-2a1b2c3d"] };
const ofCompany = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d";

export const scenarios: Readonly<Record<string, Described>> = {
  "one session": { sessions: [{ id: "one" }] },
  "three sessions": { sessions: [{ id: "one" }, { id: "two" }, { id: "three" }] },
  "every way out": {
    ecs: { egressKey: { env: "EGRESS_KEY" } },
    sessions: [
      { id: "none", network: { egress: "none" } },
      { id: "listed", network: allowed },
      { id: "audited", network: { egress: { ...allowed.egress, mode: "audit" } } },
      { id: "open", network: { egress: "open" } },
    ],
  },
  "every source of credentials": {
    ecs: { egressKey: { env: "EGRESS_KEY" } },
    sessions: [
      { id: "file", network: allowed, credentials: { kind: "file", ...key } },
      { id: "proxy", network: allowed, credentials: { kind: "proxy", upstream, ...key } },
      { id: "fetched", network: allowed, credentials: { kind: "init", command: "fetch --from https://vault.corp.example", ...key } },
      { id: "printed", credentials: { kind: "init", command: "cat /secret/token" } },
    ],
  },
  "repositories that are cloned": {
    ecs: { egressKey: { env: "EGRESS_KEY" }, storage: { infrequentAccessAfter: "7 d" } },
    sessions: [
      { id: "one", repositories: [cloned("tools"), cloned("widgets", "v1.2")] },
      { id: "two", repositories: [cloned("tools")], network: allowed },
      { id: "many", repositories: [cloned("tools")], pool: { replicas: 2 } },
    ],
  },
  "what a company has": {
    ecs: {
      vpc: given,
      key: ofCompany,
      backup: false,
      monitoring: { topic: "arn:aws:sns:eu-central-1:123456789012:alarms" },
      execute: "ephemeral-volumes",
    },
    sessions: [{ id: "one" }],
  },
  "backups that nobody removes": { ecs: { backup: { lock: { finalAfter: "3 d" } } }, sessions: [{ id: "one" }] },
  "pools, by load and by the clock": {
    sessions: [
      { id: "one", pool: { replicas: 3 } },
      {
        id: "two",
        pool: {
          autoscale: {
            min: 1,
            max: 5,
            cpu: 60,
            memory: 70,
            schedule: [
              { at: "cron(0 20 ? * MON-FRI *)", min: 0, max: 0 },
              { at: "cron(0 7 ? * MON-FRI *)", min: 1, max: 5 },
            ],
          },
        },
      },
    ],
  },
  "images that are built": { ecs: { images: undefined }, sessions: [{ id: "one" }] },
};
