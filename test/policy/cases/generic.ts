import { changed, deployment, fileSystem, podNetworkPolicy, resource, sessionContainer, task } from "../fixtures.ts";
import { type Case, container, rule, unknown } from "./case.ts";

const exception = {
  resource: "alpha",
  reason: "a tool that takes nothing else",
  owner: "platform",
  expires: "2999-12-31",
};
const excepting = (change: Record<string, unknown>) => ({ "CTR-026": { exceptions: [{ ...exception, ...change }] } });

export const cases: Case[] = [
  ...[
    "kubernetes:helm.sh/v3:Release",
    "command:local:Command",
    "command:remote:Command",
    "pulumi-nodejs:dynamic:Resource",
    "pulumi-nodejs:dynamic/x:Resource",
    "aws:cloudformation/stack:Stack",
  ].flatMap((type) => rule("GEN-001").broken(type, resource(type, "x", {})).cases),
  ...rule("GEN-001")
    .broken("user data", resource("aws:ec2/instance:Instance", "x", { userData: "#!/bin/sh" }))
    .advised("a package that nobody knows", { ...resource("acme:index:Machine", "x", {}), custom: true })
    .unknown(resource("aws:ec2/launchTemplate:LaunchTemplate", "x", { userData: unknown })).cases,
  ...rule("GEN-002").broken("a value that is not known", container({ privileged: unknown }), "high", {
    "GEN-002": "mandatory",
  }).cases,
  ...rule("GEN-003")
    .broken("definitions that are no JSON", task({}, { containerDefinitions: "[{" }))
    .broken("definitions that are no list", task({}, { containerDefinitions: '{"name":"x"}' }))
    .broken("a list that is none", container({ mounts: "x" }))
    .broken("a string that is none", container({ networkMode: {} }))
    .broken("a number that is none", container({ memory: "plenty" }))
    .broken("a boolean that is none", container({ privileged: "maybe" }))
    .broken("a seccomp profile that is none", container({ securityOpts: ["seccomp=/etc/profile.json"] }))
    .broken("a policy that is none", resource("aws:iam/policy:Policy", "x", { policy: "{" }))
    .broken("a selector that is none", [deployment, changed(podNetworkPolicy, { "spec/podSelector": "app" })])
    .finds({ at: ["stack", "stack"] })
    .broken("registry log-ins that are none", resource("pulumi:providers:docker", "x", { registryAuth: "{" }))
    .broken("no inputs at all", { ...sessionContainer(), props: null as never }).cases,
  ...rule("GEN-004")
    .broken("one", { ...sessionContainer(), ignoreChanges: ["securityOpts"] })
    .broken("a part of one", { ...sessionContainer(), ignoreChanges: ["mounts[0].source"] })
    .broken("all", { ...sessionContainer(), ignoreChanges: ["*"] }).cases,
  ...rule("GEN-005").broken("a file system", { ...fileSystem, protect: false }, "medium", { "GEN-005": "mandatory" }).cases,
  ...rule("GEN-006")
    .broken("no reason", [], "medium", excepting({ reason: "" }))
    .broken("no owner", [], "medium", excepting({ owner: undefined }))
    .broken("no day", [], "medium", excepting({ expires: "soon" }))
    .broken("expired", [], "medium", excepting({ expires: "2020-01-01" }))
    .broken("for everything", [], "medium", excepting({ resource: "*" }))
    .broken("for no rule", [], "medium", { "CTR-999": { exceptions: [exception] } })
    .broken("no list", [], "medium", { "CTR-026": { exceptions: "all" } }).cases,
  ...rule("GEN-007")
    .broken("all disabled", [], "high", { all: "disabled" })
    .broken("all advisory", [], "high", { all: { enforcementLevel: "advisory" } })
    .broken("one disabled", [], "high", { "CTR-006": "disabled" })
    .broken("one advisory", [], "high", { "CTR-033": { enforcementLevel: "advisory" } })
    .broken("itself", [], "high", { all: "disabled", "GEN-007": "disabled" })
    .finds({ at: ["policy-pack-config", "policy-pack-config"] }).cases,
  ...rule("GEN-008")
    .broken("another kind", changed(deployment, { kind: "Pod" }))
    .broken("another API", changed(deployment, { apiVersion: "example.com/v1" }))
    .unknown(changed(deployment, { kind: unknown })).cases,
];
