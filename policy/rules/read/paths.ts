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

/** Sockets through which whoever has them starts containers or services, and the folders that hold them. */
const engineSockets = [
  "/run/docker.sock",
  "/run/docker",
  "/run/containerd",
  "/run/crio",
  "/run/podman",
  "/run/k3s/containerd",
  "/run/k0s/containerd.sock",
  "/run/cri-dockerd.sock",
  "/run/dockershim.sock",
  "/run/buildkit",
  "/run/lxd.socket",
  "/run/incus",
  "/run/libvirt",
  "/run/snapd.socket",
  "/run/snapd-snap.socket",
  "/run/systemd/private",
  "/run/dbus",
  "/run/nri",
  "/var/lib/kubelet/pod-resources",
  "/var/lib/kubelet/device-plugins",
  "/var/lib/kubelet/kubelet.sock",
  "/var/lib/lxd",
  "/var/lib/incus",
  "/var/snap/docker",
  "/var/snap/lxd",
  "/var/snap/microk8s",
];

/** The same by their names: rootless engines and desktops keep them anywhere. */
const engineSocketName =
  /(^|\/)((docker|docker-cli|docker\.raw|containerd|crio|podman|podman-machine-default-api|cri-dockerd|dockershim|kubelet|buildkitd|nerdctl)\.sock|docker\.proxy(\.sock)?|(lxd|snapd|snapd-snap)\.socket|(lxd|incus)\/unix\.socket|libvirt-sock|system_bus_socket|user\/\d+\/bus|systemd\/private|docker_engine)$/;

/** Where a user's own engine, bus and init system have their sockets. */
const sessionFolder = /^\/run\/user(\/[^/]+(\/(systemd|podman|containerd|docker|dbus-1|libvirt))?)?$/;

/** Whether a container that has this host path can have the engine, the kubelet or the init system start something. */
export function reachesEngine(written: string): boolean {
  const path = onHost(written);
  if (engineSocketName.test(path) || sessionFolder.test(path)) return true;
  return engineSockets.some((socket) => isWithin(socket, path) || isWithin(path, socket));
}

const credentials = new RegExp(
  `(^|/)(${baseline.userCredentials.map((name) => name.replaceAll(".", "\\.")).join("|")}|\\.config/(gh|gcloud|hub|glab-cli|doctl|helm|rclone|containers)|\\.local/share/(containers|docker|keyrings))(/|$)`,
);

/** Where people live, each in a folder of their own, and what in it holds the settings and the state of all programs. */
const homes = /^(\/(var\/|export\/)?home|(\/mnt\/[a-z]|[a-z]:)?\/users)(\/[^/]+(\/\.(config|local|local\/share|cache))?)?$/i;

/** What configures the host or its cluster, or holds its secrets, beside the folders of the system. */
const hostState = [
  "/efi",
  "/opt/cni",
  "/opt/containerd",
  "/run/user",
  "/snap",
  "/var/db",
  "/var/snap",
  ...(
    "amazon apt ca-certificates cloud cni crio cri-dockerd dbus dpkg etcd google incus k0s k3s kubernetes libvirt lxc lxcfs lxd " +
    "machines microk8s minikube NetworkManager pacman polkit-1 portables private rancher rkt rpm samba snapd sss sudo systemd " +
    "tailscale teleport vault waagent"
  )
    .split(" ")
    .map((name) => `/var/lib/${name}`),
];

/** A path as the host has it: desktop engines show their host's in a folder, and macOS has its own in one. */
function onHost(path: string): string {
  const own = path.replace(/^(\/host_mnt|\/run\/desktop\/mnt\/host)(?=\/|$)/, "").replace(/^\/private(?=\/)/, "");
  return own === "" ? "/" : own.replace(/^\/var\/run(?=\/|$)/, "/run");
}

/** A whole drive of Windows, also as Linux beside it sees it, and the folders of its system. */
const drive = /^([a-z]:|\/mnt\/[a-z])(\/(windows|program files[^/]*|programdata|recovery)(\/.*)?)?$/i;

/** Whether a host path holds, or leads to, what no container may see. */
export function isSensitive(written: string): boolean {
  const path = onHost(written);
  if (credentials.test(path) || homes.test(path) || drive.test(path)) return true;
  return [...baseline.systemFolders, ...hostState].some((folder) => isWithin(path, folder) || isWithin(folder, path));
}

/** The clock's zone, the certificates of public authorities and the system's name: the same on every host, and no secret. */
const publicPaths = [
  "/etc/localtime",
  "/etc/os-release",
  "/etc/pki/ca-trust/extracted",
  "/etc/ssl/cert.pem",
  "/etc/ssl/certs",
  "/etc/timezone",
  "/usr/lib/os-release",
  "/usr/share/ca-certificates",
  "/usr/share/zoneinfo",
];

/** Whether everybody may read a host path, though it lies in a folder of the system. */
export function isPublic(written: string): boolean {
  const path = onHost(written);
  return publicPaths.some((one) => isWithin(path, one));
}
