import { namedWords } from "./read/aws-inputs.ts";
import { commandLine, healthCommands, pairs } from "./read/commands.ts";
import { holdsSecretInFile, holdsSecretInScript, isSecret, isSecretArgument, isSecretInMetadata } from "./read/secret-detection.ts";
import type { Subject } from "./read/subject.ts";
import { entries, labels, type Props, record, records, text, texts } from "./read/value.ts";
import { type Container, neverStarts, type Workload } from "./read/workload.ts";
import { cis, type Found, nist, type Rule } from "./rule.ts";

const inWords = (words: Iterable<string>): boolean => {
  for (const [word, next] of pairs(words)) if (holdsSecretInScript(word) || isSecretArgument(word, next)) return true;
  return false;
};

const decoded = (base64: unknown): string => Buffer.from(text(base64) ?? "", "base64").toString();

function* inFiles(container: Container): Iterable<Found> {
  const { platform, spec, title } = container;
  // A container that never starts is how a secret gets into a volume.
  if (platform !== "docker" || neverStarts(container)) return;
  for (const file of records(spec.uploads))
    if (holdsSecretInFile(text(file.content) ?? decoded(file.contentBase64)))
      yield `The ${title} must not have a secret uploaded as ${text(file.file) ?? "a file"}.`;
}

/** Options of whatever takes a container's logs away: addresses, and what it asks for before it takes them. */
function logOptions({ platform, spec, workload }: Container): unknown {
  if (platform === "docker") return spec.logOpts;
  if (platform === "swarm") return record(record(workload.spec.taskSpec).logDriver).options;
  return platform === "ecs" ? record(spec.logConfiguration).options : undefined;
}

/** Volumes that a container, or a task for it, describes by itself. */
function* volumeOptions({ platform, spec }: Workload): Iterable<unknown> {
  const mounts =
    platform === "swarm" ? record(record(spec.taskSpec).containerSpec).mounts : platform === "docker" ? spec.mounts : undefined;
  for (const mount of records(mounts)) yield record(mount.volumeOptions).driverOptions;
  if (platform === "ecs") for (const volume of records(spec.volumes)) yield record(volume.dockerVolumeConfiguration).driverOpts;
}

function* secretOptions(options: unknown): Iterable<string> {
  for (const [key, value] of entries(options)) {
    const words = text(value) ?? "";
    if (isSecret(key, words) || /(^|,)pass(word)?=[^,$]/.test(words)) yield key;
  }
}

function* inMetadata(metadata: Props, name: string): Iterable<Found> {
  for (const field of ["labels", "annotations"])
    for (const [key, value] of entries(metadata[field]))
      if (isSecretInMetadata(key, text(value) ?? "")) yield `The ${name} must not have a secret in ${field}.${key}.`;
}

function* inData({ kind, name, props }: Subject): Iterable<Found> {
  const what = kind === "kubernetes:ConfigMap" ? "ConfigMap" : "config";
  if (what === "config" && holdsSecretInFile(decoded(props.data) || decoded(props.dataRaw)))
    yield `The config "${name}" must not have a secret in it.`;
  if (what === "config") return;
  for (const [key, value] of entries(props.data))
    if (isSecret(key, text(value) ?? "") || holdsSecretInFile(text(value) ?? ""))
      yield `The ConfigMap "${name}" must not have a secret under ${key}.`;
  for (const [key, value] of entries(props.binaryData))
    if (isSecret(key, decoded(value)) || holdsSecretInFile(decoded(value)))
      yield `The ConfigMap "${name}" must not have a secret under ${key}.`;
}

export const secretElsewhere: Rule = {
  id: "CTR-027",
  name: "secret-elsewhere",
  title: "A secret is in a command, a label or another plain field",
  severity: "high",
  frameworks: [cis("4.10"), nist("4.1.4")],
  remediation: "Use a file: a Docker secret, a Secret volume in Kubernetes, secrets from Secrets Manager on ECS.",
  reads:
    "command, args, entrypoints, labels, annotations of every object, health checks, uploads, driverOpts, logOpts, logConfiguration, data and binaryData of a ConfigMap, data of a ServiceConfig, dockerLabels, inputs of what rules, schedules, pipes and state machines of AWS start",
  *container(container) {
    const { platform, spec, title } = container;
    if (inWords(commandLine(container))) yield `The ${title} must not have a secret in its command.`;
    for (const words of healthCommands(container)) if (inWords(words)) yield `The ${title} must not have a secret in a health check.`;
    yield* inFiles(container);
    for (const [key, value] of labels(platform === "ecs" ? spec.dockerLabels : platform === "kubernetes" ? undefined : spec.labels))
      if (isSecretInMetadata(key, value)) yield `The ${title} must not have a secret in its label ${key}.`;
    for (const key of secretOptions(logOptions(container))) yield `The ${title} must not have a secret in its log option ${key}.`;
  },
  *workload(workload) {
    const { platform, metadata, title } = workload;
    if (platform === "kubernetes") yield* inMetadata(metadata, title);
    for (const options of volumeOptions(workload))
      for (const key of secretOptions(options)) yield `The ${title} must not have a secret in the volume option ${key}.`;
  },
  *resource(subject) {
    const { kind, name, props } = subject;
    if (kind === "aws:ecs:Run")
      for (const override of records(props.containerOverrides))
        if (inWords(texts(override.command))) yield `The task of "${name}" must not have a secret in its command.`;
    if (kind === "aws:Input")
      for (const [key, words] of namedWords(props.content))
        if (isSecret(key, words) || holdsSecretInScript(words))
          yield `The input of "${name}" must not have a secret${key ? ` in ${key}` : ""}.`;
    if (kind === "docker:Volume")
      for (const key of secretOptions(props.driverOpts)) yield `The volume "${name}" must not have a secret in its driver option ${key}.`;
    if (kind === "kubernetes:ConfigMap" || kind === "docker:ServiceConfig") yield* inData(subject);
    if (kind.startsWith("kubernetes:")) yield* inMetadata(record(props.metadata), `object "${name}"`);
  },
};
