/**
 * What the statements of a policy reach together: whether every resource of a kind, and every action of a service, however the
 * patterns are cut up. Asked by witnesses: names that nobody would think of, one for each letter that a name may begin with.
 */
import { covers, isPattern, type Statement } from "./policy-document.ts";

const letters = [..."abcdefghijklmnopqrstuvwxyz"];

/** Half of all names is nobody's choice. */
const most = letters.length / 2;

/** A part of a name that no pattern means. */
const unmeant = "q7Zx";

/** Types of resources as ARNs name them, for patterns such as `table/*`; elsewhere the first word is a name of one's own. */
const types = new Set(
  (
    "role user group policy instance-profile oidc-provider saml-provider table function layer instance cluster service task task-definition " +
    "container-instance secret key alias parameter document stack changeSet project repository log-group volume security-group subnet vpc " +
    "image snapshot network-interface db db-cluster rule event-bus stateMachine stateMachines activity notebook-instance training-job devEndpoint " +
    "job crawler database catalog workgroup stream topic queue pipeline application environment server endpoint model bot file-system access-point " +
    "loadbalancer targetgroup listener certificate distribution hostedzone userpool identitypool domain dataset fleet build report-group launch-template"
  )
    .split(" ")
    .map((type) => type.toLowerCase()),
);

/** What stands at a place of a pattern with its wildcards filled in, where it has the form; something else where it has not. */
const filled = (words: string | undefined, form: RegExp, otherwise: string): string =>
  words !== undefined && form.test(words) ? words.replaceAll("*", "").replaceAll("?", "0") : otherwise;

const partitionOf = (pattern: string): string => filled(pattern.split(":")[1], /^aws[\w*?-]*$/, "aws");

/** How an ARN begins in the partition, region and account of a pattern, so that naming those does not make a pattern narrow. */
function startOfWitness(pattern: string, service: string): string {
  const [, , , region, account] = pattern.split(":");
  const at = service === "iam" ? "" : filled(region, /^[\w*?-]+$/, "eu-west-1");
  return `arn:${partitionOf(pattern)}:${service}:${at}:${filled(account, /^(\d{12}|\d*[*?][\d*?]*)$/, "123456789012")}:`;
}

/** Whether patterns cover nearly every name of a type of a service's resources; of any type where none is asked for. */
export function reachesEvery(patterns: readonly string[], service: string, type = ""): boolean {
  if (patterns.some((pattern) => /^[*?]*\*[*?]*$/.test(pattern))) return true;
  // What is no pattern covers itself, which is no witness.
  const covering = patterns.filter(isPattern).map((pattern) => namesCovered(pattern, service, type));
  let reached = 0;
  for (const letter of letters)
    if ([letter, letter.toUpperCase()].some((first) => covering.some((coversName) => coversName(`${first}${unmeant}`)))) reached += 1;
  return reached >= most;
}

/** Which names of a type of a service's resources a pattern covers. */
function namesCovered(pattern: string, service: string, type: string): (name: string) => boolean {
  const start = startOfWitness(pattern, service);
  if (type !== "") return (name) => covers(pattern, `${start}${type}${name}`);
  const own = /^(?:[^:]*:){5}([a-zA-Z-]+)([/:])/.exec(pattern);
  const named = own?.[1] !== undefined && types.has(own[1].toLowerCase()) && service !== "s3" ? `${own[1]}${own[2]}` : "";
  return (name) =>
    covers(pattern, `${start}${name}`) ||
    (named !== "" && covers(pattern, `${start}${named}${name}`)) ||
    // Buckets have neither region nor account.
    (service === "s3" && covers(pattern, `arn:${partitionOf(pattern)}:s3:::${name}`));
}

/** Whether what a pattern of actions says before its colon can be a service. */
function mayName(pattern: string, service: string): boolean {
  const [named = ""] = pattern.split(":");
  return named === service || isPattern(named);
}

/** Whether patterns of actions cover nearly all that a service offers, also letter by letter. Lower case. */
export function allowsService(patterns: readonly string[], service: string): boolean {
  const covering = patterns.filter((pattern) => isPattern(pattern) && mayName(pattern, service));
  let allowed = 0;
  for (const letter of letters)
    if (covering.some((pattern) => covers(pattern, `${service}:${letter}${unmeant.toLowerCase()}`))) allowed += 1;
  return allowed >= most;
}

/** Services by which one sees that all are meant. */
const witnesses = "iam sts ec2 s3 lambda ecs kms rds ssm logs sns sqs eks ecr organizations cloudformation".split(" ");

/** Whether patterns of actions cover nearly all services. */
export function allowsEverything(patterns: readonly string[]): boolean {
  return witnesses.filter((service) => allowsService(patterns, service)).length * 2 > witnesses.length;
}

/** Services that patterns of actions name, or begin with. */
export function servicesIn(patterns: readonly string[]): readonly string[] {
  const named = patterns.flatMap((pattern) => {
    const service = pattern.split(":")[0] ?? "";
    return /^[a-z0-9-]+$/.test(service) && pattern.includes(":") ? [service] : witnesses.filter((one) => covers(service, one));
  });
  return [...new Set(named)];
}

/** The patterns of actions that statements allow on every resource of a type of a service. */
export function allowedOnEvery(statements: readonly Statement[], service: string, type = ""): readonly string[] {
  // What several statements reach together counts as reached by each action that they share.
  const byAction = new Map<string, string[]>();
  for (const { allows, actions, resources } of statements)
    if (allows) for (const action of actions) byAction.set(action, [...(byAction.get(action) ?? []), ...resources]);
  return [...byAction].flatMap(([action, resources]) => (reachesEvery(resources, service, type) ? [action] : []));
}
