/**
 * AWS objects that stand in others: in the JSON of generic resources, and tasks that Batch, EventBridge, Scheduler, Pipes and
 * Step Functions describe by themselves. They are judged as what they are.
 */
import type { Embedded } from "./kubernetes-objects.ts";
import { isRecord, list, Malformed, type Props, record, records, text } from "./value.ts";

/** Resources that are whatever type their inputs name. */
const generic = new Set(["aws:cloudcontrol:Resource", "aws:ExtensionResource"]);

const holders = new Set([
  ...generic,
  "aws:batch:JobDefinition",
  "aws:cloudwatch:EventTarget",
  "aws:events:Rule",
  "aws:scheduler:Schedule",
  "aws:pipes:Pipe",
  "aws:sfn:StateMachine",
  "aws:stepfunctions:StateMachine",
]);

/** Whether objects of a kind may hold others. */
export const holdsAwsObjects = (kind: string): boolean => holders.has(kind);

export function* awsObjectsIn(kind: string, props: Props): Iterable<Embedded> {
  if (generic.has(kind)) yield* named(props);
  if (kind === "aws:batch:JobDefinition") yield* jobs(props);
  for (const run of runs(kind, props)) yield { kind: "aws:ecs:Run", name: undefined, props: run };
}

/** JSON text, or what it would be. */
function parsed(value: unknown, what: string): Props {
  if (typeof value !== "string") return record(value);
  if (value === "") return {};
  try {
    const content: unknown = JSON.parse(value);
    if (isRecord(content)) return content;
  } catch {
    // Said below, without the text.
  }
  throw new Malformed(`${what} in JSON`);
}

function* named(props: Props): Iterable<Embedded> {
  const typeName = text(props.typeName ?? props.type) ?? "";
  const [, service = "", name = ""] = /^AWS::(\w+)::(\w+)$/.exec(typeName) ?? [];
  const state = camel(parsed(props.desiredState ?? props.properties, "a desired state"));
  if (name !== "") yield { kind: `aws:${service.toLowerCase()}:${name}`, name: undefined, props: record(state) };
}

/** Documents, and maps whose keys are the user's own. */
const keptAsWritten = /(policy|policydocument|policytext|definition|dockerlabels|options|driveropts|labels|variables|parameters|tags)$/i;

/** CloudFormation's names as Pulumi writes them: `EFSVolumeConfiguration` is `efsVolumeConfiguration`. */
function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [lowered(key), keptAsWritten.test(key) && isText(inner) ? inner : camelUnless(key, inner)]),
  );
}

const isText = (value: unknown): boolean => typeof value === "string";
const camelUnless = (key: string, inner: unknown): unknown =>
  keptAsWritten.test(key) && !/definitions?$/i.test(key) ? inner : camel(inner);
const lowered = (key: string): string => key.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (start) => start.toLowerCase());

/** What Batch has no field for, and sets by itself or leaves to the engine's defaults. */
const ofBatch: Props = { dockerSecurityOptions: ["no-new-privileges"] };

function* jobs(props: Props): Iterable<Embedded> {
  const compatibilities = props.platformCapabilities;
  const shared = { requiresCompatibilities: compatibilities, networkMode: "awsvpc" };
  const ranges = [...records(parsed(props.nodeProperties, "node properties").nodeRangeProperties)];
  for (const part of [props, ...ranges]) {
    const container = parsed(part.containerProperties ?? part.container, "container properties");
    if (Object.keys(container).length > 0)
      yield task({ ...shared, ...container, taskRoleArn: container.jobRoleArn, ...sizes(container) }, [container]);
    for (const one of records(parsed(part.ecsProperties, "ECS properties").taskProperties))
      yield task({ ...shared, ...one }, [...records(one.containers)]);
    const { podProperties } = parsed(part.eksProperties, "EKS properties");
    if (isRecord(podProperties))
      yield { kind: "kubernetes:Pod", name: undefined, props: { spec: { hostNetwork: true, ...podProperties } } };
  }
}

function task(spec: Props, containers: readonly Props[]): Embedded {
  const containerDefinitions = containers.map((container) => ({
    name: "job",
    ...ofBatch,
    ...container,
    ...sizes(container),
    linuxParameters: { ...record(container.linuxParameters), capabilities: { drop: ["ALL"] } },
  }));
  return { kind: "aws:batch:Task", name: undefined, props: { ...spec, containerDefinitions } };
}

/** Memory and processors stand in a list of requirements. */
function sizes({ resourceRequirements, memory, vcpus }: Props): Props {
  const found: Record<string, unknown> = { memory, cpu: vcpus };
  for (const { type, value } of records(resourceRequirements)) {
    if (text(type) === "MEMORY") found.memory = value;
    if (text(type) === "VCPU") found.cpu = value;
  }
  return found;
}

/** How something else runs a task: its network, whether people may enter it, and what it changes in its containers. */
function* runs(kind: string, props: Props): Iterable<Props> {
  if (kind === "aws:cloudwatch:EventTarget" && isRecord(props.ecsTarget)) yield run(record(props.ecsTarget), props.input);
  if (kind === "aws:events:Rule")
    for (const target of records(props.targets)) if (isRecord(target.ecsParameters)) yield run(record(target.ecsParameters), target.input);
  if (kind === "aws:scheduler:Schedule") {
    const target = record(props.target);
    if (isRecord(target.ecsParameters)) yield run(record(target.ecsParameters), target.input);
  }
  if (kind === "aws:pipes:Pipe") {
    const { ecsTaskParameters } = record(props.targetParameters);
    if (isRecord(ecsTaskParameters)) yield run(record(ecsTaskParameters), record(ecsTaskParameters).overrides);
  }
  if (/:StateMachine$/.test(kind) && kind.startsWith("aws:"))
    for (const parameters of tasksIn(parsed(props.definition ?? props.definitionString, "a state machine")))
      yield run(parameters, parameters.overrides);
}

function run(parameters: Props, input: unknown): Props {
  const network = record(parameters.networkConfiguration);
  return {
    networkConfiguration: { ...network, ...record(network.awsvpcConfiguration ?? network.awsVpcConfiguration) },
    enableExecuteCommand: parameters.enableExecuteCommand,
    platformVersion: parameters.platformVersion,
    containerOverrides: overrides(input),
  };
}

/** What a text changes in containers; one that is a template, or for something else, changes none. */
function overrides(input: unknown): readonly Props[] {
  let content: unknown = input;
  if (typeof input === "string")
    try {
      content = JSON.parse(input);
    } catch {
      return [];
    }
  const { containerOverrides } = isRecord(content) ? record(camel(content)) : {};
  return [...records(containerOverrides)];
}

/** The parameters of every state that runs a task of ECS, at any depth. */
function* tasksIn(state: unknown): Iterable<Props> {
  if (Array.isArray(state)) for (const one of list(state)) yield* tasksIn(one);
  if (!isRecord(state)) return;
  if (/:ecs:runTask/.test(text(isText(state.Resource) ? state.Resource : "") ?? ""))
    yield record(camel(record(state.Parameters ?? state.Arguments)));
  for (const inner of Object.values(state)) if (typeof inner === "object") yield* tasksIn(inner);
}
