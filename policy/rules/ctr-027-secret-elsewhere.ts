import { commandLine, healthCommands, pairs } from "./read/commands.ts";
import { holdsToken, holdsUrlPassword, isNamedSecret, isSecretArgument } from "./read/secrets.ts";
import { entries, labels, record, records, text } from "./read/value.ts";
import { type Container, neverStarts } from "./read/workload.ts";
import { cis, type Found, nist, type Rule } from "./rule.ts";

const isSecret = (name: string, value: string): boolean => holdsToken(value) || holdsUrlPassword(value) || isNamedSecret(name, value);

const inWords = (words: Iterable<string>): boolean => {
  for (const [word, next] of pairs(words)) if (holdsToken(word) || holdsUrlPassword(word) || isSecretArgument(word, next)) return true;
  return false;
};

function* inFiles(container: Container): Iterable<Found> {
  const { platform, spec, title } = container;
  // A container that never starts is how a secret gets into a volume.
  if (platform !== "docker" || neverStarts(container)) return;
  for (const file of records(spec.uploads)) {
    const content = text(file.content) ?? Buffer.from(text(file.contentBase64) ?? "", "base64").toString();
    if (holdsToken(content) || holdsUrlPassword(content))
      yield `The ${title} must not have a secret uploaded as ${text(file.file) ?? "a file"}.`;
  }
}

export const secretElsewhere: Rule = {
  id: "CTR-027",
  name: "secret-elsewhere",
  title: "A secret is in a command, a label or another plain field",
  severity: "high",
  frameworks: [cis("4.10"), nist("4.1.4")],
  remediation: "Use a file: a Docker secret, a Secret volume in Kubernetes, secrets from Secrets Manager on ECS.",
  reads: "command, args, entrypoints, labels, annotations, health checks, uploads, driverOpts, a ConfigMap's data, dockerLabels",
  kinds: ["docker:Volume", "kubernetes:ConfigMap"],
  *container(container) {
    const { platform, spec, title } = container;
    if (inWords(commandLine(container))) yield `The ${title} must not have a secret in its command.`;
    for (const words of healthCommands(container)) if (inWords(words)) yield `The ${title} must not have a secret in a health check.`;
    yield* inFiles(container);
    for (const [key, value] of labels(platform === "ecs" ? spec.dockerLabels : platform === "kubernetes" ? undefined : spec.labels))
      if (isSecret(key, value)) yield `The ${title} must not have a secret in its label ${key}.`;
  },
  *workload({ platform, metadata, title }) {
    if (platform !== "kubernetes") return;
    for (const field of ["labels", "annotations"])
      for (const [key, value] of entries(metadata[field]))
        if (isSecret(key, text(value) ?? "")) yield `The ${title} must not have a secret in ${field}.${key}.`;
  },
  *resource({ kind, name, props }) {
    if (kind === "docker:Volume") {
      for (const [key, value] of entries(props.driverOpts))
        if (isSecret(key, text(value) ?? "") || /(^|,)pass(word)?=[^,]/.test(text(value) ?? ""))
          yield `The volume "${name}" must not have a secret in its driver option ${key}.`;
      return;
    }
    for (const [key, value] of entries(record(props.data)))
      if (isSecret(key, text(value) ?? "")) yield `The ConfigMap "${name}" must not have a secret under ${key}.`;
  },
};
