/** Resources in the forms that other judges read. */
import { stringify } from "yaml";
import type { Resource } from "../../../policy/evaluate.ts";
import { unknown } from "../../../policy/rules/read/value.ts";

type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): readonly Values[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Kubernetes resources as one file. */
export function manifests(resources: readonly Resource[]): string {
  return resources
    .flatMap(({ type, props }) => {
      const [provider, version = "", kind] = type.split(":");
      return provider === "kubernetes" ? [stringify({ apiVersion: version.replace(/^core\//, ""), kind, ...props })] : [];
    })
    .join("---\n");
}

/** Names of lists that stand in the singular as Terraform's blocks. */
const blocks: Readonly<Record<string, string>> = { inline_policies: "inline_policy", volumes: "volume", settings: "setting" };
/** Values that are no blocks. */
const opaque = ["tags", "container_definitions"];

const snake = (name: string) =>
  name.replace(/^./, (first) => first.toLowerCase()).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function terraformValues(props: Values): Values {
  return Object.fromEntries(
    Object.entries(props).flatMap(([key, value]): [string, unknown][] => {
      const name = blocks[snake(key)] ?? snake(key);
      if (value === unknown) return [];
      if (opaque.includes(name)) return [[name, value]];
      if (Array.isArray(value)) return [[name, value.map((one) => (isObject(one) ? terraformValues(one) : one))]];
      return [[name, isObject(value) ? [terraformValues(value)] : value]];
    }),
  );
}

/** AWS resources as a Terraform plan: Pulumi's AWS provider is made from Terraform's, so that only the spelling differs. */
export function terraformPlan(resources: readonly Resource[]): object {
  const planned = resources.flatMap(({ type, name, props }) => {
    const [provider, module = "", last = ""] = type.split(":");
    if (provider !== "aws") return [];
    const service = module.split("/")[0] ?? "";
    const kind = `aws_${service === "ec2" ? "" : `${service}_`}${snake(last)}`;
    return [
      {
        address: `${kind}.${name}`,
        mode: "managed",
        type: kind,
        name,
        provider_name: "registry.terraform.io/hashicorp/aws",
        schema_version: 0,
        values: terraformValues(props),
      },
    ];
  });
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: { root_module: { resources: planned } },
    resource_changes: planned.map(({ values, ...resource }) => ({
      ...resource,
      change: { actions: ["create"], before: null, after: values, after_unknown: {} },
    })),
    configuration: { root_module: {} },
  };
}

/** Docker containers as a compose file; only what the fixtures use. */
export function composeFile(resources: readonly Resource[]): string {
  const of = (kind: string) => resources.filter(({ type }) => type.endsWith(`:${kind}`));
  const services = of("Container").map(({ name, props }): [string, Values] => [
    name,
    {
      image: props.image,
      user: props.user,
      environment: props.envs,
      read_only: props.readOnly,
      privileged: props.privileged,
      cap_drop: isObject(props.capabilities) ? props.capabilities.drops : undefined,
      cap_add: isObject(props.capabilities) ? props.capabilities.adds : undefined,
      security_opt: props.securityOpts,
      mem_limit: props.memory === undefined ? undefined : `${props.memory}m`,
      cpus: props.cpus,
      pids_limit: objects(props.labels).find(({ label }) => label === "pids_limit")?.value,
      network_mode: props.networkMode,
      networks: props.networksAdvanced === undefined ? undefined : objects(props.networksAdvanced).map(({ name: network }) => network),
      ports:
        props.ports === undefined
          ? undefined
          : objects(props.ports).map(({ ip, external, internal }) => `${ip === undefined ? "" : `${ip}:`}${external}:${internal}`),
      volumes: [
        ...objects(props.volumes).map(({ hostPath, volumeName, containerPath }) => `${hostPath ?? volumeName}:${containerPath}`),
        ...objects(props.mounts).map(({ type, source, target, readOnly }) => ({ type, source, target, read_only: readOnly })),
      ],
      tmpfs: isObject(props.tmpfs) ? Object.entries(props.tmpfs).map(([target, options]) => `${target}:${options}`) : undefined,
      healthcheck: isObject(props.healthcheck) ? { test: props.healthcheck.tests } : undefined,
      restart: props.restart,
      logging: props.logDriver === undefined ? undefined : { driver: props.logDriver, options: props.logOpts },
    },
  ]);
  const named = (kind: string) =>
    Object.fromEntries(of(kind).map(({ props }) => [props.name, kind === "Network" ? { internal: props.internal } : {}]));
  return stringify({ services: Object.fromEntries(services), networks: named("Network"), volumes: named("Volume") });
}
