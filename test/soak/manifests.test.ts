import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { fromConfig, stackConfig } from "../../stacks/configuration.ts";
import { judges, opinionsOn } from "../policy/compare/judges.ts";
import { clusterObjects, everyForm } from "../support/cluster-manifests.ts";
import { temporaryFolder } from "../support/folder.ts";
import { goProgram } from "../support/packages.ts";

/** What stacks on Kubernetes are made of, by others' judgement: kubernetes-validate, checkov and kube-score. */

/** What they find, and why it is as it is. Nothing else is found, and nothing here is not. */
const explained: Readonly<Record<string, string>> = {
  CKV_K8S_40:
    "uid 1000 is the image's own, and 13 is Squid's in Debian; a pod sees nothing of its node's that users of the node have. uid: own gives each session one from 10000 on",
  "container-security-context-user-group-id": "the same",
  "container-image-pull-policy":
    "an image is named by its digest, which is always the same, or is in the nodes' store, where Always would not find it",
  "pod-probes-identical":
    "a proxy that does not answer is of no use for now, and started again if it stays so: one question, asked once or three times",
  "deployment-replicas":
    "a proxy serves one session, and a new one is there before an old one goes; two would each have half of its record",
  "deployment-has-host-podantiaffinity": "topologySpreadConstraints spread the pods of a pool, by the label that kubernetes.spread names",
};

const python = judges();
const go = goProgram("github.com/zegl/kube-score/cmd/kube-score@v1.20.0");

interface Scored {
  readonly object_name: string;
  readonly checks: readonly { readonly check: { readonly id: string }; readonly grade: number; readonly skipped: boolean }[];
}

/** Of kube-score: 10 is good, 7 nearly, 5 a warning and 1 critical. */
function scored(folder: string, file: string): string[] {
  const { stdout, stderr } = spawnSync(
    join(folder, "kube-score"),
    ["score", "--output-format", "json", "--kubernetes-version", "v1.34", file],
    {
      encoding: "utf8",
    },
  );
  if (stdout === "") throw new Error(stderr);
  const objects = JSON.parse(stdout) as Scored[];
  expect(objects.length).toBeGreaterThan(0);
  return objects.flatMap(({ checks }) => checks.flatMap(({ check, grade, skipped }) => (!skipped && grade <= 5 ? [check.id] : [])));
}

describe.skipIf(python === undefined || go === undefined)("kubernetes-validate, checkov and kube-score", () => {
  const workspace = temporaryFolder("manifests");

  test("find nothing in a stack on Kubernetes that is not explained", async () => {
    const { config } = stackOf("stacks/Pulumi.kubernetes.yaml");
    const stacks = { shipped: await clusterObjects(config), forms: await clusterObjects({ sessions: everyForm }) };
    const found = Object.entries(stacks).flatMap(([name, objects]) => {
      expect(objects.length).toBeGreaterThan(10);
      const opinions = opinionsOn(python ?? "", workspace, name, objects).map(({ check }) => check);
      return [...opinions, ...scored(go ?? "", join(workspace, name, "manifests.yaml"))];
    });
    expect([...new Set(found)].sort()).toEqual(Object.keys(explained).sort());
  });
});

/** The settings of a stack file. */
function stackOf(file: string) {
  return { config: fromConfig(stackConfig(parse(readFileSync(file, "utf8")), file)) };
}
