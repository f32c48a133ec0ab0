import { describe, expect, test } from "vitest";
import { isPublic, isSensitive, isWithin, normalPath, reachesEngine } from "../../../policy/rules/read/paths.ts";

describe("a path by which the engine is reached, and its neighbour", () => {
  test.each([
    ["/run/docker.sock", "/run/docker.sock2"],
    ["/run/docker", "/run/dockers"],
    ["/run/containerd", "/run/containerd2"],
    ["/run/crio", "/run/crio2"],
    ["/run/podman", "/run/podman2"],
    ["/run/k3s/containerd", "/run/k3s/containerd2"],
    ["/run/cri-dockerd.sock", "/run/cri-dockerd.sock2"],
    ["/run/dockershim.sock", "/run/dockershim.sock2"],
    ["/run/buildkit", "/run/buildkit2"],
    ["/run/user", "/run/users"],
    ["/run/k0s/containerd.sock", "/run/k0s/status.sock"],
    ["/run/lxd.socket", "/run/lxd.socket2"],
    ["/run/incus", "/run/incus2"],
    ["/run/libvirt", "/run/libvirt2"],
    ["/run/snapd.socket", "/run/snapd.socket2"],
    ["/run/snapd-snap.socket", "/run/snapd-snap.socket2"],
    ["/run/systemd/private", "/run/systemd/resolve"],
    ["/run/dbus", "/run/dbus2"],
    ["/run/nri", "/run/nri2"],
    ["/var/lib/lxd", "/var/lib/lxd2"],
    ["/var/lib/incus", "/var/lib/incus2"],
    ["/var/snap/docker", "/var/snap/docker2"],
    ["/var/snap/lxd", "/var/snap/lxd2"],
    ["/var/snap/microk8s", "/var/snap/microk8s2"],
    ["/var/lib/kubelet/pod-resources", "/var/lib/kubelet/pods"],
    ["/var/lib/kubelet/device-plugins", "/var/lib/kubelet/plugins"],
    ["/var/lib/kubelet/kubelet.sock", "/var/lib/kubelet/config.yaml"],
  ])("%s, %s", (path, neighbour) => {
    expect([reachesEngine(path), reachesEngine(neighbour)]).toEqual([true, false]);
    for (let above = path.slice(0, path.lastIndexOf("/")); above !== ""; above = above.slice(0, above.lastIndexOf("/")))
      expect([above, reachesEngine(above)]).toEqual([above, true]);
  });

  test.each(["/run/docker", "/run/containerd", "/run/crio", "/run/podman", "/run/k3s/containerd", "/run/buildkit"])(
    "what is in %s",
    (path) => {
      expect(reachesEngine(`${path}/inner/file`)).toBe(true);
    },
  );

  test.each(["", "/systemd", "/podman", "/containerd", "/docker", "/dbus-1", "/libvirt"])(
    "a user's own engine, bus or init system in /run/user/1000%s",
    (part) => {
      expect(reachesEngine(`/run/user/1000${part}`)).toBe(true);
      expect(["/run/user/1000/gnupg", "/run/user/1000/doc", `/srv/run/user/1000${part}`].map(reachesEngine)).toEqual([false, false, false]);
    },
  );

  test.each([
    ["/run/user/1000/bus", "/run/user/1000/bus2"],
    ["/srv/docker.proxy", "/srv/docker.proxy2"],
    ["/srv/docker.proxy.sock", "/srv/my-docker.proxy"],
    ["/srv/lxd.socket", "/srv/lxd.sockets"],
    ["/srv/snapd.socket", "/srv/my-snapd.socket"],
    ["/srv/snapd-snap.socket", "/srv/snap.socket"],
    ["/srv/lxd/unix.socket", "/srv/web/unix.socket"],
    ["/srv/incus/unix.socket", "/srv/incus/unix.sock"],
    ["/srv/libvirt-sock", "/srv/libvirt-sock-ro"],
    ["/srv/system_bus_socket", "/srv/bus_socket"],
    ["/srv/systemd/private", "/srv/systemd/public"],
  ])("%s by its name, %s", (path, neighbour) => {
    expect([reachesEngine(path), reachesEngine(neighbour)]).toEqual([true, false]);
  });

  test.each([
    "docker",
    "docker-cli",
    "docker.raw",
    "containerd",
    "crio",
    "podman",
    "podman-machine-default-api",
    "cri-dockerd",
    "dockershim",
    "kubelet",
    "buildkitd",
    "nerdctl",
  ])("a socket called %s.sock anywhere", (name) => {
    expect([`/srv/x/${name}.sock`, `${name}.sock`].map(reachesEngine)).toEqual([true, true]);
    expect([`/srv/x/${name}.socket`, `/srv/x/my-${name}.sock`, `/srv/${name}.sock/x`].map(reachesEngine)).toEqual([false, false, false]);
  });

  test("the engine's pipe on Windows", () => {
    expect(["//./pipe/docker_engine", "docker_engine"].map((path) => reachesEngine(normalPath(path)))).toEqual([true, true]);
    expect(["//./pipe/docker_engine2", "//./pipe/my_docker_engine"].map((path) => reachesEngine(normalPath(path)))).toEqual([false, false]);
  });
});

describe("a path that no container may see, and its neighbour", () => {
  test.each([
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/efi",
    "/opt/cni",
    "/opt/containerd",
    "/run/user",
    "/snap",
    "/System",
    "/Library",
    "/var/backups",
    "/var/db",
    "/var/snap",
    "/var/spool",
    ...(
      "amazon apt ca-certificates cloud cni crio cri-dockerd dbus dpkg etcd google incus k0s k3s kubernetes libvirt lxc lxcfs lxd " +
      "machines microk8s minikube NetworkManager pacman polkit-1 portables private rancher rkt rpm samba snapd sss sudo systemd " +
      "tailscale teleport vault waagent"
    )
      .split(" ")
      .map((name) => `/var/lib/${name}`),
  ])("%s", (path) => {
    expect([path, `${path}/inner/file`].map(isSensitive)).toEqual([true, true]);
    expect([`${path}-of-mine`, `/srv${path}`].map(isSensitive)).toEqual([false, false]);
  });

  test.each(["/", "/var", "/var/lib"])("%s, with a system folder in it", (path) => {
    expect(isSensitive(path)).toBe(true);
  });

  test.each([
    ".ssh",
    ".aws",
    ".docker",
    ".kube",
    ".gnupg",
    ".config/gh",
    ".config/gcloud",
    ".azure",
    ".oci",
    ".minikube",
    ".talos",
    ".terraform.d",
    ".pulumi",
    ".password-store",
    ".netrc",
    ".git-credentials",
    ".pypirc",
    ".vault-token",
    ".config/hub",
    ".config/glab-cli",
    ".config/doctl",
    ".config/helm",
    ".config/rclone",
    ".config/containers",
    ".local/share/containers",
    ".local/share/docker",
    ".local/share/keyrings",
  ])("%s anywhere", (folder) => {
    expect([`/home/me/${folder}`, `/srv/${folder}/inner`, folder].map(isSensitive)).toEqual([true, true, true]);
    expect([`/home/me/${folder}2`, `/home/me/x${folder}`].map(isSensitive)).toEqual([false, false]);
  });

  test.each(["/home", "/var/home", "/export/home", "/Users", "/mnt/c/Users", "C:/Users"])("people live in %s", (homes) => {
    for (const within of ["", "/me", "/me/.config", "/me/.local", "/me/.local/share", "/me/.cache"])
      expect([within, isSensitive(`${homes}${within}`)]).toEqual([within, true]);
    for (const within of ["2", "/me/.config/editor", "/me/.local/bin", "/me/.local/share/fonts", "/me/.cache/npm", "/me/project"])
      expect([within, isSensitive(`${homes}${within}`)]).toEqual([within, false]);
  });

  test.each([
    ["C:", "C:/data"],
    ["c:/Windows/Temp", "c:/Windows2"],
    ["D:/Program Files (x86)", "D:/Programs"],
    ["C:/ProgramData", "C:/ProgramData2"],
    ["C:/Recovery", "C:/Recoveries"],
    ["/mnt/c", "/mnt/data"],
    ["/mnt/c/windows", "/mnt/c/work"],
    ["/host_mnt/etc", "/host_mnt/srv"],
    ["/host_mnt", "/host_mnt2"],
    ["/run/desktop/mnt/host/home/me", "/run/desktop/mnt/host/srv"],
    ["/private/etc", "/private/srv"],
  ])("%s of a desktop, and not %s", (path, neighbour) => {
    expect([isSensitive(path), isSensitive(neighbour)]).toEqual([true, false]);
  });

  test("another folder of settings", () => {
    expect(["/home/me/.config/editor", "/data", "/var/log", "/var/lib/mine"].map(isSensitive)).toEqual([false, false, false, false]);
  });
});

test.each([
  ["/a//b/./c/", "/a/b/c"],
  ["/a/../b", "/b"],
  ["/../../b", "/b"],
  ["..", ".."],
  ["../../b", "../../b"],
  ["a/../../b", "../b"],
  ["a/..", ""],
  ["\\a\\b", "/a/b"],
  ["/var/run/x", "/run/x"],
  ["/var/lock/x", "/lock/x"],
  ["/var/runner", "/var/runner"],
  ["var/run/x", "var/run/x"],
  ["/x/var/run", "/x/var/run"],
  ["/", "/"],
  ["", ""],
])("%j is one spelling of %j", (written, path) => {
  expect(normalPath(written)).toBe(path);
});

test.each([
  ["/a/b", "/a/b", true],
  ["/a/b/c", "/a/b", true],
  ["/a", "/", true],
  ["/a/bc", "/a/b", false],
  ["/a", "/a/b", false],
])("%s is within %s: %s", (path, folder, is) => {
  expect(isWithin(path, folder)).toBe(is);
});

test.each([
  ["/etc/localtime", "/etc/localtime2"],
  ["/etc/os-release", "/etc/os-releases"],
  ["/etc/pki/ca-trust/extracted", "/etc/pki/ca-trust/source"],
  ["/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf"],
  ["/etc/ssl/certs", "/etc/ssl/private"],
  ["/etc/timezone", "/etc/timezones"],
  ["/usr/lib/os-release", "/usr/lib"],
  ["/usr/share/ca-certificates", "/usr/share"],
  ["/usr/share/zoneinfo", "/usr/share/keyrings"],
])("%s is public, %s is not", (path, neighbour) => {
  expect([path, `/host_mnt${path}`, neighbour].map(isPublic)).toEqual([true, true, false]);
});
