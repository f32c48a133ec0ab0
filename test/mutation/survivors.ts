/** A change of the code that no test can notice, since the program does the same. */
export interface Equivalent {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

/** Where a value stands is told of what is wrong with it alone, and nothing is wrong with these. */
const rightByDefault = "no sentence names a manager's default";

export const equivalents: readonly Equivalent[] = [
  {
    file: "stacks/embedded/plan.ts",
    before: "step.live?.labels",
    after: "step.live.labels",
    why: "a step is of what the program asks for, or of an object that is there",
  },
  {
    file: "stacks/embedded/plan.ts",
    before: "source !== undefined",
    after: "true",
    why: "no clone has a name that a mount without a source leads to",
  },
  {
    file: "stacks/embedded/docker/inputs.ts",
    before: '"0s"',
    after: '""',
    why: "a duration without figures is none",
  },
  {
    file: "stacks/embedded/docker/inputs.ts",
    before: '"s"',
    after: '""',
    why: "what is found in a duration has its unit",
  },
  {
    file: "stacks/recorder/as-new.ts",
    before: '""',
    after: '"Stryker was here!"',
    why: "no resource has such a URN, so one without a parent has none",
  },
  {
    file: "stacks/recorder/compare.ts",
    before: "a < b",
    after: "a <= b",
    why: "no two keys of an object are the same",
  },
  {
    file: "components/container-engine/hooks.ts",
    before: '""',
    after: '"Stryker was here!"',
    why: "a hook that is called once something is made is told its id",
  },
  {
    file: "components/container-engine/hooks.ts",
    before: "found.Labels?.[differs]",
    after: "found.Labels[differs]",
    why: "a volume without labels was not made by agent-sessions, which is said before",
  },
  {
    file: "components/container-engine/hooks.ts",
    before: "Pids === undefined",
    after: "false",
    why: "what is undefined is no whole number either",
  },
  {
    file: "components/hardened-image/docker.ts",
    before: 'args.source === "session"',
    after: "true",
    why: "no image but the sessions' is asked for with volumes",
  },
  {
    file: "components/hardened-image/docker.ts",
    before: "args.parent?.login",
    after: "args.parent.login",
    why: "without a parent there are no variables, for each of which this is asked",
  },
  ...["/[^/]+\\/([^@:]+)@(sha256:[0-9a-f]{64})$/", "/^[^/]+\\/([^@:]+)@(sha256:[0-9a-f]{64})/"].map((after) => ({
    file: "components/hardened-image/ecs/scan.ts",
    before: "/^[^/]+\\/([^@:]+)@(sha256:[0-9a-f]{64})$/",
    after,
    why: "a reference begins with its registry and ends with its digest",
  })),
  {
    file: "components/parent-proxy/args.ts",
    before: "environment: {},",
    after: "",
    why: "whoever takes it spreads it, and what is not there adds nothing",
  },
  {
    file: "stacks/settings.ts",
    before: "egressKey === undefined",
    after: "true",
    why: "what is read here counts beside folders that sessions may write, and on Fargate they have none of this machine",
  },
  {
    file: "stacks/settings/cleanup.ts",
    before: "sessions !== undefined",
    after: "true",
    why: "a policy that names no sessions is asked for their value, never for their key",
  },
  {
    file: "stacks/settings/egress-sets.ts",
    before: 'typeof entry !== "string"',
    after: "false",
    why: "an entry that is no text is among no names of sets either",
  },
  {
    file: "stacks/settings/gateway.ts",
    before: "{ return undefined; }",
    after: "{}",
    why: "a function that returns nothing returns the same",
  },
  {
    file: "stacks/settings/host-paths.ts",
    before: "credentials.secret !== undefined",
    after: "true",
    why: "credentials without a secret have no such key",
  },
  {
    file: "policy/rules/read/aws-objects.ts",
    before: "|.*policy(document|text)",
    after: "",
    why: "the keys of policy documents are read in any case",
  },
  {
    file: "policy/rules/read/aws-opaque.ts",
    before:
      "/^aws:(ec2:(Instance|LaunchTemplate|LaunchConfiguration|SpotInstanceRequest)|autoscaling:LaunchConfiguration|lightsail:Instance)$/",
    after:
      "/aws:(ec2:(Instance|LaunchTemplate|LaunchConfiguration|SpotInstanceRequest)|autoscaling:LaunchConfiguration|lightsail:Instance)$/",
    why: "nothing but resources of AWS is asked, and each is called aws: once",
  },
  { file: "stacks/egress-sets/cargo.ts", before: `"cargo's default"`, after: '""', why: rightByDefault },
  { file: "stacks/egress-sets/go.ts", before: `"Go's default"`, after: '""', why: rightByDefault },
  { file: "stacks/egress-sets/maven.ts", before: `"Maven's default"`, after: '""', why: rightByDefault },
  { file: "stacks/egress-sets/npm.ts", before: `"npm's default"`, after: '""', why: rightByDefault },
  { file: "stacks/egress-sets/pip.ts", before: `"pip's default"`, after: '""', why: rightByDefault },
];
