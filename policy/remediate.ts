/**
 * The one safe value, written into a resource that breaks a rule. An engine asks for it where a policy's enforcement is
 * `remediate`. Inputs are edited in place: around them the SDK remembers what is secret, and refuses what is not known.
 */
import { baseline } from "./baseline.ts";
import { judge, targetOf } from "./judge.ts";
import { isOpen } from "./rules/ctr-028-open-port.ts";
import { publishedPorts } from "./rules/read/ports.ts";
import { kindOf, type Resource, type Subject } from "./rules/read/subject.ts";
import { isRecord, list, records, text, texts } from "./rules/read/value.ts";
import { type Container, containersOf, type Workload, workloadsOf } from "./rules/read/workload.ts";
import type { Judgement, Rule, Settings, Unjudged } from "./rules/rule.ts";
import type { Severity } from "./rules/severity.ts";

type Inputs = Record<string, unknown>;

/** The scopes of a rule, with an edit of each in place of a judgement. */
interface Remedy {
  readonly container?: (container: Container) => void;
  readonly workload?: (workload: Workload, settings: Settings) => void;
  readonly resource?: (subject: Subject) => void;
}

/** An object among inputs, to be written to; made where it is absent. */
function within(owner: unknown, ...keys: readonly string[]): Inputs {
  let inputs = owner as Inputs;
  for (const key of keys) {
    if (!isRecord(inputs[key])) inputs[key] = {};
    inputs = inputs[key] as Inputs;
  }
  return inputs;
}

const write = (owner: unknown, key: string, value: unknown): void => {
  (owner as Inputs)[key] = value;
};

const withoutWords = (options: unknown, unwanted: readonly string[]): string[] =>
  (text(options) ?? "").split(",").flatMap((word) => (word.trim() === "" || unwanted.includes(word.trim()) ? [] : [word.trim()]));

function mountReadOnly(isMeant: RegExp): Remedy {
  return {
    container({ platform, spec }) {
      const [field, target] =
        platform === "kubernetes"
          ? ["volumeMounts", "mountPath"]
          : platform === "ecs"
            ? ["mountPoints", "containerPath"]
            : ["mounts", "target"];
      for (const mount of records(spec[field])) if (isMeant.test(text(mount[target]) ?? "")) write(mount, "readOnly", true);
      if (platform === "docker")
        for (const volume of records(spec.volumes)) if (isMeant.test(text(volume.containerPath) ?? "")) write(volume, "readOnly", true);
    },
  };
}

const bridgeOption = (name: string, value: string): Remedy => ({
  resource: ({ props }) => write(within(props, "options"), `com.docker.network.bridge.${name}`, value),
});

const isNative = ({ resource }: Subject): boolean => resource.type.startsWith("aws-native:");

/** By rule. */
export const automatic: Readonly<Record<string, Remedy>> = {
  "CTR-002": {
    container({ platform, spec }) {
      if (platform === "kubernetes") write(within(spec, "securityContext"), "allowPrivilegeEscalation", false);
      if (platform !== "docker") return;
      const others = [...texts(spec.securityOpts)].filter((option) => !/^\s*no-new-privileges/i.test(option));
      write(spec, "securityOpts", [...others, "no-new-privileges:true"]);
    },
  },
  "CTR-005": {
    container({ platform, spec }) {
      if (platform === "docker") write(within(spec, "capabilities"), "drops", ["ALL"]);
      if (platform === "swarm") write(spec, "capDrops", ["ALL"]);
      if (platform === "kubernetes") write(within(spec, "securityContext", "capabilities"), "drop", ["ALL"]);
    },
  },
  "CTR-014": {
    container({ platform, spec }) {
      if (platform === "kubernetes") for (const mount of records(spec.volumeMounts)) delete (mount as Inputs).mountPropagation;
      else if (platform !== "ecs")
        for (const mount of records(spec.mounts)) if (isRecord(mount.bindOptions)) write(mount.bindOptions, "propagation", "rprivate");
    },
  },
  "CTR-016": {
    container({ platform, spec }) {
      if (platform === "kubernetes") write(within(spec, "securityContext"), "seccompProfile", { type: "RuntimeDefault" });
    },
  },
  "CTR-025": {
    container({ spec }) {
      if (!isRecord(spec.tmpfs)) return;
      for (const path of Object.keys(spec.tmpfs)) {
        const unwanted = path.startsWith("/workspace") ? ["suid", "dev"] : ["suid", "dev", "exec"];
        write(spec.tmpfs, path, withoutWords(spec.tmpfs[path], unwanted).join(","));
      }
    },
    resource({ props }) {
      const options = within(props, "driverOpts");
      options.o = [...withoutWords(options.o, ["suid", "dev", "nosuid", "nodev"]), "nosuid", "nodev"].join(",");
    },
  },
  "CTR-028": {
    workload(workload, settings) {
      const { spec } = workload;
      const published = [...publishedPorts(workload)];
      for (const [at, port] of [...records(spec.ports)].entries())
        if (published[at] && isOpen(workload, published[at], settings)) write(port, "ip", baseline.publishAddress);
      if (spec.publishAllPorts === true) write(spec, "publishAllPorts", false);
    },
  },
  "CTR-035": {
    container({ platform, spec, workload }) {
      const rotated = { "max-size": `${baseline.logs.maxSizeMegabytes}m`, "max-file": String(baseline.logs.maxFiles) };
      if (platform === "docker" && spec.logDriver !== "none") Object.assign(within(spec, "logOpts"), rotated);
      const driver = platform === "swarm" ? within(workload.spec, "taskSpec", "logDriver") : undefined;
      if (driver === undefined || driver.name === "none") return;
      driver.name ??= "json-file";
      Object.assign(within(driver, "options"), rotated);
    },
  },
  "CTR-037": { container: ({ platform, spec }) => (platform === "docker" ? write(spec, "init", true) : undefined) },
  "NET-000": bridgeOption("inhibit_ipv4", "true"),
  "NET-001": bridgeOption("enable_icc", "false"),
  "NET-003": { resource: ({ props }) => write(within(props, "options"), "encrypted", "") },
  "NET-004": {
    resource({ props }) {
      for (const family of ["ipv4", "ipv6"]) delete within(props, "options")[`com.docker.network.bridge.gateway_mode_${family}`];
    },
  },
  "VOL-003": mountReadOnly(/^\/+auth(\/|$)|\/\.config\/claude(\/|$)/),
  "VOL-005": mountReadOnly(/^\/+repos(\/|$)/),
  "K8S-002": {
    resource({ props }) {
      const labels = within(props, "metadata", "labels");
      labels["pod-security.kubernetes.io/enforce"] = "restricted";
      delete labels["pod-security.kubernetes.io/enforce-version"];
    },
  },
  "K8S-018": {
    container({ spec }) {
      const hooks = isRecord(spec.lifecycle) ? [spec.lifecycle.postStart, spec.lifecycle.preStop] : [];
      for (const handler of [spec.livenessProbe, spec.readinessProbe, spec.startupProbe, ...hooks])
        if (isRecord(handler))
          for (const kind of ["httpGet", "tcpSocket"]) if (isRecord(handler[kind])) delete (handler[kind] as Inputs).host;
    },
  },
  "K8S-028": { workload: ({ spec }) => write(spec, "enableServiceLinks", false) },
  "ECS-001": {
    workload({ spec }) {
      for (const volume of records(spec.volumes))
        if (isRecord(volume.efsVolumeConfiguration)) write(volume.efsVolumeConfiguration, "transitEncryption", "ENABLED");
    },
  },
  "ECS-002": {
    resource(subject) {
      const network = within(subject.props, "networkConfiguration");
      if (isNative(subject)) within(network, "awsvpcConfiguration").assignPublicIp = "DISABLED";
      else network.assignPublicIp = false;
    },
  },
  "ECS-006": { resource: ({ props }) => write(props, "platformVersion", "LATEST") },
  "ECS-007": {
    resource(subject) {
      const key = isNative(subject) ? "clusterSettings" : "settings";
      const others = [...list(subject.props[key])].filter((setting) => !isRecord(setting) || setting.name !== "containerInsights");
      write(subject.props, key, [...others, { name: "containerInsights", value: "enabled" }]);
    },
  },
  "ECS-008": {
    resource(subject) {
      const owner = isNative(subject) ? within(subject.props, "deploymentConfiguration") : subject.props;
      Object.assign(within(owner, "deploymentCircuitBreaker"), { enable: true, rollback: true });
    },
  },
  "ECR-001": { resource: ({ props }) => write(within(props, "imageScanningConfiguration"), "scanOnPush", true) },
  "ECR-002": {
    resource({ props }) {
      write(props, "imageTagMutability", "IMMUTABLE");
      delete (props as Inputs).imageTagMutabilityExclusionFilters;
    },
  },
};

/** Whether a policy has a remedy. */
export const isRemediable = (rule: Rule, severity: Severity): boolean => rule.id in automatic && severity === remediedSeverity(rule);

/** What is remedied is what follows from saying nothing; for seccomp, the lesser finding: what was turned off has a reason. */
const remediedSeverity = (rule: Rule): Severity => (rule.id === "CTR-016" ? "medium" : rule.severity);

/**
 * Edits a resource that breaks a rule.
 *
 * @param read gives the resource as rules read it
 * @param inputs what `read` reads, to be edited
 * @returns whether the rule found something, and finds it no more; and why it could not be judged
 */
export function remedied(rule: Rule, read: () => Resource, inputs: Inputs, settings: Settings): Remedied {
  const remedy = automatic[rule.id];
  const resource = read();
  const { found, unjudged } = judge(rule, targetOf(resource), settings);
  if (remedy === undefined || !isBroken(rule, found)) return { isRemedied: false, unjudged };
  const subject: Subject = { resource, kind: kindOf(resource.type), name: resource.name, props: inputs, isPatch: false };
  if (rule.resource && remedy.resource && rule.kinds?.includes(subject.kind)) remedy.resource(subject);
  for (const workload of workloadsOf(subject)) {
    remedy.workload?.(workload, settings);
    if (remedy.container) for (const container of containersOf(workload)) remedy.container(container);
  }
  return { isRemedied: !isBroken(rule, judge(rule, targetOf(read()), settings).found), unjudged };
}

interface Remedied {
  readonly isRemedied: boolean;
  readonly unjudged: Unjudged | undefined;
}

const isBroken = (rule: Rule, found: readonly Judgement[]): boolean =>
  found.some((one) => !one.advice && (one.severity ?? rule.severity) === remediedSeverity(rule));
