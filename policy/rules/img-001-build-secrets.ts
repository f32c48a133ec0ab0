import { buildArguments, buildOf, imageKinds } from "./read/build.ts";
import { isSecret } from "./read/secret-detection.ts";
import { isRecord, record, records, text } from "./read/value.ts";
import { cis, type Rule } from "./rule.ts";

export const buildSecrets: Rule = {
  id: "IMG-001",
  name: "build-secrets",
  title: "A secret is in a build argument, or a registry's password is written out",
  severity: "high",
  frameworks: [cis("4.10")],
  remediation: "Use build secrets, and the engine's own log-in.",
  reads: "build.args, build.buildArgs, build.authConfigs, registry.password, registries",
  kinds: imageKinds,
  *resource(image) {
    for (const [name, value] of buildArguments(image))
      if (isSecret(name, value)) yield `The image "${image.name}" must not take a secret from the build argument ${name}.`;
    const logins = [
      image.props.registry,
      ...records(image.kind === "docker-build:Image" ? image.props.registries : undefined),
      ...records(buildOf(image).authConfigs),
    ];
    for (const login of logins)
      if (isRecord(login) && text(record(login).password))
        yield `The image "${image.name}" must not have a registry's password in its inputs.`;
  },
};
