import type * as pulumi from "@pulumi/pulumi";
import { type Fargate, FargateProvider, type Shared } from "../../components/fargate/provider.ts";

export const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const digest = "0".repeat(64);

/** Images that are there already. */
export const images = { session: `${registry}/session@sha256:${digest}`, egressProxy: `${registry}/proxy@sha256:${digest}` };

/** A place as its strategy describes one when settings say no more than region and account. */
export const fargate: Fargate = {
  project: "agent-sessions",
  stack: "test",
  region: "eu-central-1",
  account: "123456789012",
  architecture: "amd64",
  scan: { required: false, severity: "critical" },
  execute: false,
  logDays: 30,
};

/** What sessions share, as it is known once it is there. */
export const shared: Shared = {
  cluster: "arn:aws:ecs:eu-central-1:123456789012:cluster/agent-sessions-test",
  storage: { id: "fs-1", arn: "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-1" },
  network: {
    vpc: "vpc-1",
    subnets: ["subnet-1", "subnet-2"],
    outerSubnets: ["subnet-3", "subnet-4"],
    groups: { sessions: { nothing: "sg-1", "egress proxy": "sg-2", anywhere: "sg-3" }, services: "sg-4", files: "sg-5" },
    names: { id: "ns-1", domain: "test.agent-sessions.internal" },
    resources: [],
  },
  resources: [],
};

/** Options of what is made on Fargate. */
export function onFargate(more: Partial<Fargate> = {}): pulumi.ComponentResourceOptions {
  const provider = new FargateProvider("aws", { ...fargate, ...more });
  provider.share(shared);
  return { providers: [provider] };
}
