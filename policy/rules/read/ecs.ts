import { isRecord, list, Malformed, type Props, record } from "./value.ts";

/** The field names of a container definition, for the ECS API reads them in any case. */
const fieldNames = new Map(
  (
    "name image cpu memory memoryReservation links portMappings containerPort hostPort protocol containerPortRange appProtocol " +
    "essential restartPolicy entryPoint command environment environmentFiles value type mountPoints sourceVolume containerPath " +
    "readOnly volumesFrom sourceContainer linuxParameters capabilities add drop devices hostPath permissions " +
    "initProcessEnabled sharedMemorySize tmpfs size mountOptions maxSwap swappiness secrets valueFrom dependsOn startTimeout " +
    "stopTimeout hostname user workingDirectory disableNetworking privileged readonlyRootFilesystem dnsServers " +
    "dnsSearchDomains extraHosts ipAddress dockerSecurityOptions interactive pseudoTerminal dockerLabels ulimits softLimit " +
    "hardLimit logConfiguration logDriver options secretOptions healthCheck interval timeout retries startPeriod " +
    "systemControls namespace resourceRequirements firelensConfiguration repositoryCredentials credentialsParameter"
  )
    .split(" ")
    .map((name) => [name.toLowerCase(), name]),
);

/** Maps whose keys are the user's own. */
const freeMaps = new Set(["dockerLabels", "options"]);

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = fieldNames.get(key.toLowerCase()) ?? key;
    result[name] = freeMaps.has(name) ? inner : canonical(inner);
  }
  return result;
}

/** Container definitions, which are JSON text in one provider and a list in another. */
export function* containerDefinitions(value: unknown): Iterable<Props> {
  if (typeof value !== "string") {
    for (const item of list(value)) yield record(item);
    return;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new Malformed("container definitions in JSON");
  }
  if (!Array.isArray(parsed) || !parsed.every(isRecord)) throw new Malformed("a JSON list of container definitions");
  for (const definition of parsed) yield record(canonical(definition));
}
