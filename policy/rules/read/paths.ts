/** Host paths and what they give away. */
import { baseline } from "../../baseline.ts";

/** One spelling for every path: no `//`, `.`, `..` or trailing slash, and `/var/run` is the `/run` it links to. */
export function normalPath(written: string): string {
  const path = written.replaceAll("\\", "/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!path.startsWith("/")) parts.push("..");
  }
  if (path.startsWith("/") && parts[0] === "var" && (parts[1] === "run" || parts[1] === "lock")) parts.shift();
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

/** Whether `path` is `folder` or lies in it. Both normalised. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}

const engineSockets = [
  "/run/docker.sock",
  "/run/docker",
  "/run/containerd",
  "/run/crio",
  "/run/podman",
  "/run/k3s/containerd",
  "/run/cri-dockerd.sock",
  "/run/dockershim.sock",
  "/run/buildkit",
  "/run/user",
  "/var/lib/kubelet/pod-resources",
  "/var/lib/kubelet/device-plugins",
  "/var/lib/kubelet/kubelet.sock",
];

const engineSocketName =
  /(^|\/)(docker|docker-cli|docker\.raw|containerd|crio|podman|cri-dockerd|dockershim|kubelet|buildkitd)\.sock$|(^|\/)docker_engine$/;

/** Whether a container that has this host path can reach the engine's, or the kubelet's, socket. */
export function reachesEngine(path: string): boolean {
  if (engineSocketName.test(path)) return true;
  return engineSockets.some((socket) => isWithin(socket, path) || (socket !== "/run/user" && isWithin(path, socket)));
}

const credentialFolder = /(^|\/)(\.ssh|\.aws|\.docker|\.kube|\.gnupg|\.config\/gh|\.config\/gcloud|\.azure)(\/|$)/;

/** Whether a host path holds, or leads to, what no container may see. */
export function isSensitive(path: string): boolean {
  if (credentialFolder.test(path)) return true;
  return baseline.systemFolders.some((folder) => isWithin(path, folder) || isWithin(folder, path));
}
