import { docker } from "./docker.ts";
import { type Column, refused } from "./standing.ts";

const owned = refused(
  "needs memory that belongs to the session's user, and Podman mounts none with an owner",
  "have Docker Engine run it",
  "https://docs.podman.io/en/latest/markdown/podman-run.1.html#tmpfs-fs",
);

/** Podman, which speaks Docker's API: where it differs from Docker Engine. */
export const podman: Column = { ...docker, scratch: owned, workspaceMemory: owned };
