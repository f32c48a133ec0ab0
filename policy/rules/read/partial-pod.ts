/**
 * Parts of pods: what a patch sets, and the fields of a pod or a container that stand in an operator's own object. They are
 * judged by what they set; what they leave out counts as right, for it is decided elsewhere.
 */
import { withDefaults } from "./merged.ts";
import { isRecord, knownEntries, type Props } from "./value.ts";

const rightPod: Props = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  hostUsers: false,
  securityContext: {
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
    appArmorProfile: { type: "RuntimeDefault" },
  },
};

const rightContainer: Props = {
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  resources: { limits: { memory: "1Gi", cpu: "1", "ephemeral-storage": "1Gi" } },
};

export const asPartOfPod = (own: Props): Props => withDefaults(own, rightPod);
export const asPartOfContainer = (own: Props): Props => withDefaults(own, rightContainer);

const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean" || value === "true" || value === "false";
const isListOf = (value: unknown, fits: (item: Props) => boolean): boolean => {
  if (!Array.isArray(value)) return false;
  const known = [...knownEntries(value)].map(([, item]) => item);
  return known.length > 0 && known.every((item) => isRecord(item) && fits(item));
};
const has = (item: Props, ...keys: string[]): boolean => keys.some((key) => Object.hasOwn(item, key));

const volumeTypes = [
  "hostPath",
  "emptyDir",
  "configMap",
  "secret",
  "projected",
  "persistentVolumeClaim",
  "csi",
  "nfs",
  "downwardAPI",
  "hostDisk",
];

type Shape = (value: unknown) => boolean;

/** Fields that only a pod or a container has, in the shape that it has there. One of them is enough. */
const telling: Readonly<Record<string, Shape>> = {
  hostPID: isFlag,
  hostIPC: isFlag,
  hostNetwork: isFlag,
  hostUsers: isFlag,
  shareProcessNamespace: isFlag,
  securityContext: isRecord,
  podSecurityContext: isRecord,
  containerSecurityContext: isRecord,
  containers: Array.isArray,
  // Beside them an operator has types of its own, as KubeVirt has.
  volumes: (value) =>
    isListOf(value, () => true) && [...knownEntries(value as object)].some(([, item]) => isRecord(item) && has(item, ...volumeTypes)),
  env: (value) => isListOf(value, (item) => has(item, "name") && has(item, "value", "valueFrom")),
  volumeDevices: (value) => isListOf(value, (item) => has(item, "devicePath")),
};

/** Fields that are judged beside those; alone they may mean anything. */
const beside: Readonly<Record<string, Shape>> = {
  automountServiceAccountToken: isFlag,
  enableServiceLinks: isFlag,
  serviceAccountName: isText,
  priorityClassName: isText,
  nodeName: isText,
  hostAliases: Array.isArray,
  tolerations: (value) => isListOf(value, () => true),
  volumeMounts: (value) => isListOf(value, (item) => has(item, "mountPath")),
  ports: (value) => isListOf(value, (item) => has(item, "containerPort", "hostPort")),
  command: (value) => Array.isArray(value) && value.every(isText),
  args: (value) => Array.isArray(value) && value.every(isText),
  lifecycle: isRecord,
  livenessProbe: isRecord,
  readinessProbe: isRecord,
};

/** The fields of a pod or a container that an object has of its own; undefined when it has none that tells. */
export function partOfPod(value: Props): Props | undefined {
  const part: Record<string, unknown> = {};
  let tells = false;
  for (const [key, inner] of knownEntries(value)) {
    if (telling[key]?.(inner)) tells = true;
    else if (!beside[key]?.(inner)) continue;
    part[key] = inner;
  }
  if (!tells) return undefined;
  const { podSecurityContext, containerSecurityContext, securityContext, containers: _, ...rest } = part;
  return {
    ...rest,
    securityContext: podSecurityContext ?? securityContext,
    containers: [{ ...rest, name: "", securityContext: containerSecurityContext ?? securityContext }],
  };
}
