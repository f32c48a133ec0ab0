import { beginning, ignored } from "../../streams.ts";
import type { CommandPlace, Usage } from "../runtime.ts";

/**
 * Reads what the kernel counts for the container, under either version of control groups, and its network's bytes. The kubelets
 * count the same, but whoever may ask them may run commands in every pod of the cluster (nodes/proxy), which no user of sessions
 * should have to be given.
 */
const script = `cd /sys/fs/cgroup
if [[ -e cgroup.controllers ]]; then
  while read -r name value; do [[ $name == usage_usec ]] && echo "cpu $((value * 1000))"; done < cpu.stat
  echo "memory $(<memory.current)"
  while read -r name value; do [[ $name == inactive_file ]] && echo "cache $value"; done < memory.stat
else
  echo "cpu $(<cpuacct/cpuacct.usage)"
  echo "memory $(<memory/memory.usage_in_bytes)"
  while read -r name value; do [[ $name == total_inactive_file ]] && echo "cache $value"; done < memory/memory.stat
fi
while read -r name received _ _ _ _ _ _ _ sent _; do [[ $name == *: && $name != lo: ]] && echo "net $received $sent"; done < /proc/net/dev
echo "at \${EPOCHREALTIME/[.,]/}"`;

/** Asks once; nothing where the place gives no answer. */
export async function askUsage(place: CommandPlace): Promise<Usage | undefined> {
  try {
    const text = beginning();
    const started = await place.start(["bash", "-c", script]);
    await started.carry(text, ignored());
    return readUsage(text.text());
  } catch {
    return undefined;
  }
}

/** Reads what the kernel counted; nothing where it counted nothing. */
export function readUsage(text: string): Usage | undefined {
  const lines = text.split("\n").map((line) => line.split(" "));
  const of = (name: string) => lines.filter(([first]) => first === name).map(([, ...numbers]) => numbers.map(Number));
  const [at, cpu, memory] = [of("at")[0]?.[0], of("cpu")[0]?.[0], of("memory")[0]?.[0]];
  if (at === undefined || cpu === undefined || memory === undefined) return undefined;
  const networks = of("net");
  return {
    at: at / 1000,
    cpuSeconds: cpu / 1e9,
    memory: Math.max(0, memory - (of("cache")[0]?.[0] ?? 0)),
    received: networks.reduce((sum, [received = 0]) => sum + received, 0),
    sent: networks.reduce((sum, [, sent = 0]) => sum + sent, 0),
  };
}
