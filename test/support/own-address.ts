import { networkInterfaces } from "node:os";

/** An address of this machine that its containers reach too. */
export function ownAddress(): string {
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (own === undefined) throw new Error("this machine has no IPv4 address but its loopback's; tests with a service of the host need one");
  return own;
}
