import { constants } from "node:os";

/** Does some work, and cleans up after it whatever happens, also when this process is told to end. */
export async function afterwards<T>(cleanUp: () => void, work: () => Promise<T>): Promise<T> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: (typeof signals)[number]) => {
    cleanUp();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.once(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
    cleanUp();
  }
}
