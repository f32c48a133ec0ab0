/**
 * AWS objects that stand in others: in the JSON of generic resources, and tasks that Batch, EventBridge, Scheduler, Pipes and
 * Step Functions describe by themselves. They are judged as what they are.
 */
import { content, inputsIn, templateOf } from "./aws-inputs.ts";
import type { Embedded } from "./kubernetes-objects.ts";
import { overlaid, renamed } from "./merged.ts";
import { each, isRecord, list, Malformed, type Props, record, records, text } from "./value.ts";

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
  const ofKind = (as: string, read: (kind: string, props: Props) => Iterable<Props>) => [as, read] as const;
  yield* each([ofKind("aws:ecs:Run", runs), ofKind("aws:Input", handedOver)], function* ([as, read]) {
    for (const found of read(kind, props)) yield { kind: as, name: undefined, props: found };
  });
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
  const { service = "", name = "" } = /^AWS::(?<service>\w+)::(?<name>\w+)$/.exec(typeName)?.groups ?? {};
  const state = camel(parsed(props.desiredState ?? props.properties, "a desired state"));
  if (name !== "") yield { kind: `aws:${service.toLowerCase()}:${name}`, name: undefined, props: state };
}

/** Documents, and maps whose keys are the user's own. */
const keptAsWritten =
  /^((file_?system|key|resource|repository|topic|queue|bucket)?policy|.*policy(document|text)|definition|definitionstring|dockerlabels|options|driveropts|labels|variables|parameters|tags)$/i;

/** CloudFormation's names as Pulumi writes them: `EFSVolumeConfiguration` is `efsVolumeConfiguration`. */
const camel = (value: Props): Props => renamed(value, (key) => ({ key: lowered(key), keepsInner: keptAsWritten.test(key) }));

const isText = (value: unknown): boolean => typeof value === "string";
const lowered = (key: string): string => key.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (start) => start.toLowerCase());

/** What Batch has no field for, and sets by itself or leaves to the engine's defaults. */
const ofBatch: Props = { dockerSecurityOptions: ["no-new-privileges"] };

/** What a job of Batch runs: by itself, and for each range of its nodes. */
function* jobs(props: Props): Iterable<Embedded> {
  yield* inPart(props, props);
  yield* each(records(parsed(props.nodeProperties, "node properties").nodeRangeProperties), (part) => inPart(part, props));
}

function* inPart(part: Props, job: Props): Iterable<Embedded> {
  const shared: Props = {
    networkMode: "awsvpc",
    get requiresCompatibilities() {
      return job.platformCapabilities;
    },
  };
  yield* each([ofContainer, ofTasks, ofPod], (read) => read(part, shared));
}

function* ofContainer(part: Props, shared: Props): Iterable<Embedded> {
  const container = parsed(part.containerProperties ?? part.container, "container properties");
  if (Object.keys(container).length === 0) return;
  const roles = {
    get taskRoleArn() {
      return container.jobRoleArn;
    },
  };
  yield task(overlaid(shared, container, roles, sizes(container)), [container]);
}

function* ofTasks(part: Props, shared: Props): Iterable<Embedded> {
  for (const one of records(parsed(part.ecsProperties, "ECS properties").taskProperties))
    yield task(overlaid(shared, one), [...records(one.containers)]);
}

function* ofPod(part: Props): Iterable<Embedded> {
  const { podProperties } = parsed(part.eksProperties, "EKS properties");
  if (isRecord(podProperties))
    yield { kind: "kubernetes:Pod", name: undefined, props: { spec: overlaid({ hostNetwork: true }, podProperties) } };
}

function task(spec: Props, containers: readonly Props[]): Embedded {
  const containerDefinitions = containers.map((container) => {
    const linux = {
      get linuxParameters() {
        return overlaid(record(container.linuxParameters), { capabilities: { drop: ["ALL"] } });
      },
    };
    return overlaid({ name: "job" }, ofBatch, container, sizes(container), linux);
  });
  return { kind: "aws:batch:Task", name: undefined, props: overlaid(spec, { containerDefinitions }) };
}

/** Memory and processors stand in a list of requirements. */
function sizes(container: Props): Props {
  const required = (wanted: string): unknown => {
    let found: unknown;
    for (const { type, value } of records(container.resourceRequirements)) if (text(type) === wanted) found = value;
    return found;
  };
  return {
    get memory() {
      return required("MEMORY") ?? container.memory;
    },
    get cpu() {
      return required("VCPU") ?? container.vcpus;
    },
  };
}

/** How something else runs a task: its network, whether people may enter it, and what it changes in its containers. */
function* runs(kind: string, props: Props): Iterable<Props> {
  if (kind === "aws:cloudwatch:EventTarget") yield* targeted(props, props.ecsTarget);
  if (kind === "aws:events:Rule") yield* each(records(props.targets), (target) => targeted(target, target.ecsParameters));
  if (kind === "aws:scheduler:Schedule") {
    const target = record(props.target);
    yield* targeted(target, target.ecsParameters);
  }
  if (kind === "aws:pipes:Pipe") {
    const parameters = record(props.targetParameters).ecsTaskParameters;
    if (isRecord(parameters)) yield run(parameters, () => parameters.overrides);
  }
  for (const { runsTask, parameters } of statesIn(kind, props)) {
    const own = camel(parameters);
    if (runsTask) yield run(own, () => own.overrides);
  }
}

/** What is handed to anything else than a task of ECS. */
function* handedOver(kind: string, props: Props): Iterable<Props> {
  for (const content of inputsIn(kind, props)) yield { content };
  for (const { runsTask, parameters } of statesIn(kind, props)) if (!runsTask) yield { content: parameters };
}

/** The task that a target runs, where it runs one. */
function* targeted(target: Props, parameters: unknown): Iterable<Props> {
  if (isRecord(parameters)) yield run(parameters, () => target.input ?? templateOf(target));
}

function run(parameters: Props, input: () => unknown): Props {
  return {
    get networkConfiguration() {
      const network = record(parameters.networkConfiguration);
      return overlaid(network, record(network.awsvpcConfiguration ?? network.awsVpcConfiguration));
    },
    get enableExecuteCommand() {
      return parameters.enableExecuteCommand;
    },
    get platformVersion() {
      return parameters.platformVersion;
    },
    get containerOverrides() {
      return overrides(input());
    },
  };
}

/** What a text changes in containers; one for something else changes none. */
function overrides(input: unknown): unknown {
  const said = content(input);
  return isRecord(said) ? camel(said).containerOverrides : [];
}

interface State {
  /** Whether it runs a task of ECS. */
  readonly runsTask: boolean;
  readonly parameters: Props;
}

/** The states of a state machine that start something, at any depth. */
function* statesIn(kind: string, props: Props): Iterable<State> {
  if (/:StateMachine$/.test(kind) && kind.startsWith("aws:"))
    yield* within(parsed(props.definition ?? props.definitionString, "a state machine"));
}

function* within(state: unknown): Iterable<State> {
  if (Array.isArray(state)) for (const one of list(state)) yield* within(one);
  if (!isRecord(state)) return;
  const resource = isText(state.Resource) ? String(state.Resource) : "";
  if (resource !== "") yield { runsTask: /:ecs:runTask/.test(resource), parameters: record(state.Parameters ?? state.Arguments) };
  for (const inner of Object.values(state)) if (typeof inner === "object") yield* within(inner);
}
