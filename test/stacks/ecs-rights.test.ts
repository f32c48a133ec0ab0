import { beforeAll, describe, expect, test } from "vitest";
import { accountName } from "../../components/fargate/tags.ts";
import type { Registration } from "../../stacks/recorder/program.ts";
import { arnOf, roleDocuments } from "../support/aws/documents.ts";
import { allows, type AskedOfAws, matches } from "../support/aws/iam.ts";
import { rolledOut } from "../support/aws/stack.ts";

/** What the roles of a session may do, by a simulation of IAM: with what is its own, and with nothing of anybody else's. */

const secret = { env: "KEY" };
const network = { egress: { allow: ["api.anthropic.com"] } };
const inFile = (id: string) => ({ id, network, credentials: { kind: "file", secret } });
const byProxy = (id: string) => ({ id, network, credentials: { kind: "proxy", upstream: "https://api.anthropic.com", secret } });

const account = "eu-central-1:123456789012";
const at = `arn:aws:logs:${account}:log-group:/agent-sessions/agent-sessions/test`;
const kept = `arn:aws:secretsmanager:${account}:secret:agent-sessions/agent-sessions/test`;
const point = (id: string) => `arn:aws:elasticfilesystem:${account}:access-point/fsap-${id}`;
const files = arnOf({ type: "aws:efs/fileSystem:FileSystem", name: "" }) ?? "";
const key = `arn:aws:kms:${account}:key/of-the-stack`;
const image = `arn:aws:ecr:${account}:repository/session`;

let all: readonly Registration[];
let open: readonly Registration[];
beforeAll(async () => {
  const ecs = { egressKey: { env: "EGRESS_KEY" } };
  all = await rolledOut({ ecs, sessions: [inFile("one"), inFile("two"), byProxy("three")] });
  open = await rolledOut({ ecs: { ...ecs, execute: "ephemeral-volumes", key }, sessions: [inFile("one"), byProxy("three")] });
});

/** @param kind `task` for what runs in a task, `execution` for what Fargate does to start it */
function may(of: string, kind: "task" | "execution", asked: AskedOfAws, registrations = all): boolean {
  const role = accountName({ stack: "test" }, `${of}-${kind}`);
  return allows(
    roleDocuments(registrations)
      .filter((one) => one.role === role)
      .map(({ text }) => text),
    asked,
  );
}

const session = "claude-agent-one";
const mount = (accessPoint: string | undefined, more: object = {}): AskedOfAws => ({
  action: "elasticfilesystem:ClientMount",
  resource: files,
  context: { "aws:SecureTransport": "true", ...(accessPoint !== undefined && { "elasticfilesystem:AccessPointArn": accessPoint }) },
  ...more,
});
const read = (name: string): AskedOfAws => ({ action: "secretsmanager:GetSecretValue", resource: `${kept}/${name}-AbCdEf` });
const write = (group: string): AskedOfAws => ({ action: "logs:PutLogEvents", resource: `${at}/${group}:log-stream:session/session/0a1b` });
const pull = (resource: string): AskedOfAws => ({ action: "ecr:BatchGetImage", resource });

describe("what runs in a session's task", () => {
  test.each<[string, boolean, AskedOfAws]>([
    ["mount its workspace", true, mount(point("one-workspace"))],
    ["write there", true, mount(point("one-workspace"), { action: "elasticfilesystem:ClientWrite" })],
    ["be root there", false, mount(point("one-workspace"), { action: "elasticfilesystem:ClientRootAccess" })],
    [
      "mount it without TLS",
      false,
      mount(point("one-workspace"), {
        context: { "elasticfilesystem:AccessPointArn": point("one-workspace"), "aws:SecureTransport": "false" },
      }),
    ],
    ["mount another session's workspace", false, mount(point("two-workspace"))],
    ["mount the file system without an access point", false, mount(undefined)],
    ["read its own secret", false, read("one/auth")],
    ["read another session's secret", false, read("two/auth")],
    ["write its own log", false, write("one")],
    ["pull its own image", false, pull(image)],
    ["enter a task", false, { action: "ecs:ExecuteCommand", resource: `arn:aws:ecs:${account}:task/agent-sessions-test/0a1b` }],
    ["open the line of ECS Exec", false, { action: "ssmmessages:OpenDataChannel", resource: "*" }],
    [
      "take another role",
      false,
      { action: "sts:AssumeRole", resource: "arn:aws:iam::123456789012:role/agent-sessions-test-claude-agent-two-task" },
    ],
  ])("may %s: %s", (_, allowed, asked) => {
    expect(may(session, "task", asked)).toBe(allowed);
  });

  test("opens the line of ECS Exec where that is on, and gains nothing else", () => {
    expect(may(session, "task", { action: "ssmmessages:OpenDataChannel", resource: "*" }, open)).toBe(true);
    const decrypt = (cluster: string, resource = key) => ({
      action: "kms:Decrypt",
      resource,
      context: { "kms:EncryptionContext:aws:ssm:TargetId": `ecs:${cluster}_0a1b_0a1b-265927825` },
    });
    expect(may(session, "task", decrypt("agent-sessions-test"), open)).toBe(true);
    expect(may(session, "task", decrypt("agent-sessions-test"))).toBe(false);
    expect(may(session, "task", decrypt("agent-sessions-other"), open)).toBe(false);
    expect(may(session, "task", decrypt("agent-sessions-test", key.replace("stack", "other")), open)).toBe(false);
    expect(may(session, "task", { action: "kms:Decrypt", resource: key }, open)).toBe(false);
    expect(may(session, "task", { action: "ssm:StartSession", resource: "*" }, open)).toBe(false);
    expect(may(session, "task", read("one/auth"), open)).toBe(false);
  });
});

describe("what Fargate does to start a session", () => {
  test.each<[string, boolean, AskedOfAws]>([
    ["read the session's secret", true, read("one/auth")],
    ["read another session's secret", false, read("two/auth")],
    ["read what a session of a name that begins so has", false, read("one-more/auth")],
    ["read the key that a proxy adds", false, read("three-credential-proxy/secret")],
    ["read the key of the egress proxy", false, read("_egress-proxy/environment")],
    ["read all secrets' names", false, { action: "secretsmanager:ListSecrets", resource: "*" }],
    ["write the session's log", true, write("one")],
    ["write another session's log", false, write("two")],
    ["write the record of the egress proxy", false, write("_egress-proxy")],
    ["read a log", false, { action: "logs:GetLogEvents", resource: `${at}/one:log-stream:x` }],
    ["pull the session's image", true, pull(image)],
    ["pull another image", false, pull(`arn:aws:ecr:${account}:repository/other`)],
    ["mount files", false, mount(point("one-workspace"))],
  ])("may %s: %s", (_, allowed, asked) => {
    expect(may(session, "execution", asked)).toBe(allowed);
  });
});

test("the key that a proxy adds is the proxy's, and the session's own roles do not read it", () => {
  const key = read("three-credential-proxy/secret");
  expect(may("claude-agent-three-credential-proxy", "execution", key)).toBe(true);
  expect(may("claude-agent-three", "execution", key)).toBe(false);
  expect(may("claude-agent-three", "task", key)).toBe(false);
  expect(may("claude-agent-three-credential-proxy", "task", key)).toBe(false);
});

test("ECS Exec leads into sessions, and not to what keeps their keys", () => {
  const line = { action: "ssmmessages:OpenDataChannel", resource: "*" };
  expect(may("claude-agent-three", "task", line, open)).toBe(true);
  expect(may("claude-agent-three-credential-proxy", "task", line, open)).toBe(false);
  const entered = open.flatMap(({ type, name, inputs }) =>
    type.endsWith(":Service") && inputs.enableExecuteCommand === true ? [name] : [],
  );
  expect(entered).toEqual(["one-service", "three-service"]);
  const folders = open.filter(({ type, inputs }) => type.endsWith(":TaskDefinition") && JSON.stringify(inputs).includes("/var/lib/amazon"));
  expect(folders.map(({ name }) => name)).toEqual(["one-definition", "three-definition"]);
});

describe("what a task's roles may do leads somewhere from subnets without a way out", () => {
  interface Right {
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  }
  const regional = "eu-central-1.amazonaws.com";
  /** By which endpoints a service is reached, and their names. */
  const ends: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    ecr: { "ecr.api": `api.ecr.${regional}`, "ecr.dkr": `123456789012.dkr.ecr.${regional}` },
  };
  const filled = (pattern: string) => pattern.replaceAll("*", "x");
  /** What is asked of AWS by each right; mounts do not go by an endpoint, and what one of AWS's services asks goes from there. */
  const asked = ({ Action, Resource, Condition = {} }: Right): AskedOfAws[] => {
    const context = Object.fromEntries(
      Object.values(Condition).flatMap((keys) => Object.entries(keys).map(([key, value]) => [key, filled([value].flat()[0] ?? "")])),
    );
    const elsewhere = "kms:ViaService" in context;
    const actions = elsewhere ? [] : Action.filter((action) => !action.startsWith("elasticfilesystem:"));
    return actions.flatMap((action) => [Resource].flat().map((resource) => ({ action, resource: filled(resource), context })));
  };
  const rights = (registrations: readonly Registration[]) =>
    roleDocuments(registrations)
      .filter(({ role }) => /-(task|execution)$/.test(role))
      .flatMap(({ text }) => (JSON.parse(text) as { Statement: Right[] }).Statement.flatMap(asked));
  const endpoint = (registrations: readonly Registration[], service: string) =>
    registrations
      .filter(({ inputs }) => inputs.serviceName === `com.amazonaws.eu-central-1.${service}`)
      .map(({ inputs }) => inputs.policy as string);
  /** Those by which a request of an account's is let through, of all by which its service is reached. */
  const through = (registrations: readonly Registration[], { action, resource, context }: AskedOfAws, account: string) => {
    const service = action.split(":")[0] ?? "";
    const all = ends[service] ?? { [service]: `${service}.${regional}` };
    const answered = registrations.find(({ name }) => name === "network-dns-answered")?.inputs.domains as string[];
    const open = Object.entries(all).filter(
      ([end, name]) =>
        answered.some((pattern) => matches(pattern, name)) &&
        allows(endpoint(registrations, end), { action, resource, context: { ...context, "aws:PrincipalAccount": account } }),
    );
    return `${action} ${resource}: ${open.length} of ${Object.keys(all).length}`;
  };
  const every = (asked: AskedOfAws, open: number) => {
    const all = Object.keys(ends[asked.action.split(":")[0] ?? ""] ?? { one: "" }).length;
    return `${asked.action} ${asked.resource}: ${Math.min(open, all)} of ${all}`;
  };

  test.each([
    ["with ECS Exec", () => open, ["ssmmessages:OpenDataChannel", "kms:Decrypt", "logs:DescribeLogGroups", "logs:DescribeLogStreams"]],
    ["without", () => all, ["logs:PutLogEvents", "secretsmanager:GetSecretValue", "ecr:BatchGetImage"]],
  ])("%s: its endpoint is there, has a name and lets it through, for this account alone", (_, of, some) => {
    const asked = rights(of());
    expect(asked.map(({ action }) => action)).toEqual(expect.arrayContaining(some));
    expect(asked.map((one) => through(of(), one, "123456789012"))).toEqual(asked.map((one) => every(one, 9)));
    expect(asked.map((one) => through(of(), one, "210987654321"))).toEqual(asked.map((one) => every(one, 0)));
  });

  test("and the key of ECS Exec opens nothing else there", () => {
    const context = { "aws:PrincipalAccount": "123456789012" };
    const [policy] = endpoint(open, "kms");
    expect(allows([policy ?? ""], { action: "kms:Decrypt", resource: key, context })).toBe(true);
    expect(allows([policy ?? ""], { action: "kms:Decrypt", resource: `${key}-other`, context })).toBe(false);
    expect(allows([policy ?? ""], { action: "kms:Encrypt", resource: key, context })).toBe(false);
    expect(endpoint(all, "kms")).toEqual([]);
  });
});

test("the simulation refuses by a denial, and what it cannot read", () => {
  const text = (Statement: object[]) => [JSON.stringify({ Statement })];
  const asked = { action: "s3:GetObject", resource: "arn:aws:s3:::x/y" };
  const allow = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  expect(allows(text([allow]), asked)).toBe(true);
  expect(allows(text([allow, { Effect: "Deny", Action: "s3:Get*", Resource: "arn:aws:s3:::x/*" }]), asked)).toBe(false);
  expect(allows([], asked)).toBe(false);
  expect(() => allows(text([{ ...allow, NotAction: "x" }]), asked)).toThrow("nobody knows what NotAction means here");
  expect(() => allows(text([{ ...allow, Principal: { AWS: "x" } }]), asked)).toThrow(
    "nobody knows what another Principal than * means here",
  );
  expect(() => allows(text([{ ...allow, Condition: { DateLessThan: {} } }]), asked)).toThrow("nobody knows what DateLessThan means here");
});
