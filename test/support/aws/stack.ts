import { vi } from "vitest";
import { deploy } from "../../../stacks/deploy.ts";
import { type Registration, runProgram } from "../../../stacks/recorder/program.ts";
import { revealSecrets } from "../../../stacks/recorder/secret-inputs.ts";
import { noEncryptedConfig, Secrets } from "../../../stacks/secrets.ts";
import { parse } from "../../../stacks/settings.ts";
import { compute } from "./compute.ts";
import { network } from "./network.ts";
import { type AwsRequest, type Fields, mark } from "./request.ts";

/** Stacks on ECS as they are rolled out: what AWS would answer stands there as marks; see {@link mark}. */

const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const digest = "0".repeat(64);
export const images = { session: `${registry}/session@sha256:${digest}`, egressProxy: `${registry}/proxy@sha256:${digest}` };

/** What settings read from the environment. */
const environment = { KEY: "key-of-the-models", EGRESS_KEY: "0123456789abcdef0123456789abcdef" };

/** What each of the stack's settings says beyond the region and the images. */
export interface Described {
  readonly ecs?: Fields;
  readonly sessions: readonly Fields[];
}

/** What the provider would be asked for. @param stack its name */
export async function rolledOut({ ecs = {}, sessions }: Described, stack = "test"): Promise<readonly Registration[]> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const given = { region: "eu-central-1", account: "123456789012", images, ...ecs };
  const settings = parse({ strategy: "ecs", ecs: given, sessions }, { environment });
  const run = await runProgram({
    project: "agent-sessions",
    stack,
    preview: false,
    program: () => deploy(settings, { project: "agent-sessions", stack }, new Secrets(noEncryptedConfig)),
    resolve: async ({ name, inputs }) => ({ id: mark(name, "id"), outputs: { name: mark(name, "name"), ...inputs, ...outputsOf(name) } }),
    answer: (token, args) => answers[token.split("/").at(-1) ?? ""]?.(args),
  });
  return run.registrations.filter(({ custom, type }) => custom && type.startsWith("aws:"));
}

/** The table by which a given network's subnets send what they send. */
const routes = "given-routes";

/** What the provider's functions answer, by the last part of their tokens. */
const answers: Readonly<Record<string, (args: Fields) => Fields>> = {
  "getAvailabilityZones:getAvailabilityZones": () => ({ names: ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }),
  "getManagedPrefixList:getManagedPrefixList": () => ({ id: "pl-6ea54007" }),
  "getRouteTable:getRouteTable": () => ({ routeTableId: mark(routes, "id") }),
  "getSubnet:getSubnet": ({ id }) => ({ availabilityZone: zoneOf(Number(/^subnet-(\d)/.exec(String(id))?.[1])) }),
};

/** The zone of a given network's subnet, by its place among all of them, which its id begins with. */
const zoneOf = (index: number): string => `eu-central-1${"ab"[index % 2]}`;

/** What AWS decides of resources that others read. */
const outputsOf = (name: string) =>
  Object.fromEntries(
    ["arn", "versionId", "repositoryUrl", "allocationId", "defaultSecurityGroupId"].map((output) => [output, mark(name, output)]),
  );

const makings = { ...network, ...compute };

/** The requests by which the provider would make resources. @throws Error for a type of which nobody knows how */
export function requestsFor(registrations: readonly Registration[]): (AwsRequest & { readonly resource: string })[] {
  return registrations.flatMap(({ type, name, inputs }) => {
    const making = makings[type];
    if (making === undefined) throw new Error(`nobody knows by which requests the provider makes a ${type}`);
    return making(revealSecrets(inputs), name).map((request) => ({ ...request, resource: name }));
  });
}

/** Requests that make a network which settings name as one that is there, and others as they ask of it by the ids that it then has. */
export function inGivenNetwork(
  requests: readonly object[],
  { id, subnets, proxySubnets }: { readonly id: string; readonly subnets: readonly string[]; readonly proxySubnets: readonly string[] },
): readonly object[] {
  const own = (resource: string, operation: string, input: Fields, path: string) => ({ resource, operation, input, brings: { id: path } });
  const all = [...subnets, ...proxySubnets];
  const first = [
    own(id, "ec2.CreateVpc", { CidrBlock: "10.0.0.0/16" }, "Vpc.VpcId"),
    ...all.map((subnet, index) => {
      const where = { CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: zoneOf(index) };
      return own(subnet, "ec2.CreateSubnet", { VpcId: mark(id, "id"), ...where }, "Subnet.SubnetId");
    }),
  ];
  first.push(own(routes, "ec2.CreateRouteTable", { VpcId: mark(id, "id") }, "RouteTable.RouteTableId"));
  const named = [id, ...all].reduce((text, one) => text.replaceAll(`"${one}"`, JSON.stringify(mark(one, "id"))), JSON.stringify(requests));
  return [...first, ...(JSON.parse(named) as object[])];
}
