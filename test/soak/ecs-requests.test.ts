import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { given, scenarios } from "../support/aws/scenarios.ts";
import { inGivenNetwork, requestsFor, rolledOut } from "../support/aws/stack.ts";
import { temporaryFolder } from "../support/folder.ts";
import { python, pythonPackages } from "../support/packages.ts";

/** What stacks on ECS ask of AWS, by botocore's own validation and by a server of moto's. */

const packages = pythonPackages("moto[server]==5.2.5", "boto3==1.44.5");

/** What became of a request. */
interface Outcome {
  readonly operation: string;
  readonly resource: string;
  readonly refused?: string;
  readonly unknown?: true;
}

const resolver = (operation: string) => `route53resolver.${operation}`;

/** Operations that moto does not know; botocore has judged what they are given all the same. */
const unknown = [
  "backup.CreateBackupSelection",
  ...["AssociateFirewallRuleGroup", "CreateFirewallDomainList", "CreateFirewallRule", "CreateFirewallRuleGroup"].map(resolver),
  ...["UpdateFirewallConfig", "UpdateFirewallDomains"].map(resolver),
];

describe.skipIf(packages === undefined)("botocore and moto", () => {
  const workspace = temporaryFolder("requests");
  const driver = readFileSync(new URL("../support/aws/driver.py", import.meta.url), "utf8");
  const send = (name: string, requests: object): Outcome[] => {
    const file = join(workspace, `${name.replaceAll(" ", "-")}.json`);
    writeFileSync(file, JSON.stringify(requests));
    return JSON.parse(python(packages ?? "", driver, file)) as Outcome[];
  };

  test.each(Object.entries(scenarios))("take all requests for %s", async (name, described) => {
    const requests = inGivenNetwork(requestsFor(await rolledOut(described)), given);
    expect(requests.length).toBeGreaterThan(20);
    const outcomes = send(name, requests);
    expect(outcomes).toHaveLength(requests.length);
    expect(outcomes.filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect(
      [...new Set(outcomes.flatMap((one) => (one.unknown === undefined ? [] : [one.operation])))].filter((one) => !unknown.includes(one)),
    ).toEqual([]);
  });

  test("refuse what is no request, and what is asked before what it needs is there", () => {
    const cluster = { operation: "ecs.CreateCluster", resource: "a", input: { clusterName: 1 } };
    const early = { operation: "efs.CreateMountTarget", resource: "b", input: { FileSystemId: "⟦files.id⟧", SubnetId: "subnet-1" } };
    const strange = {
      operation: "ecs.CreateService",
      resource: "c",
      input: { cluster: "nowhere", serviceName: "x", taskDefinition: "none" },
    };
    expect(send("faulty", [cluster, early, strange])).toMatchObject([
      { refused: expect.stringContaining("Parameter validation failed") },
      { refused: "nothing brings 'files.id'" },
      { refused: expect.stringContaining("ClusterNotFound") },
    ]);
  });
});
