import { describe, expect, test } from "vitest";
import { isSensitive, isWithin, normalPath, reachesEngine } from "../../../policy/rules/read/paths.ts";

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

  test("a user's own folder below /run/user holds more than engines", () => {
    expect(reachesEngine("/run/user/1000/bus")).toBe(false);
  });

  test.each(["docker", "docker-cli", "docker.raw", "containerd", "crio", "podman", "cri-dockerd", "dockershim", "kubelet", "buildkitd"])(
    "a socket called %s.sock anywhere",
    (name) => {
      expect([`/srv/x/${name}.sock`, `${name}.sock`].map(reachesEngine)).toEqual([true, true]);
      expect([`/srv/x/${name}.socket`, `/srv/x/my-${name}.sock`, `/srv/${name}.sock/x`].map(reachesEngine)).toEqual([false, false, false]);
    },
  );

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
  ])("%s", (path) => {
    expect([path, `${path}/inner/file`].map(isSensitive)).toEqual([true, true]);
    expect([`${path}-of-mine`, `/srv${path}`].map(isSensitive)).toEqual([false, false]);
  });

  test.each(["/", "/var", "/var/lib"])("%s, with a system folder in it", (path) => {
    expect(isSensitive(path)).toBe(true);
  });

  test.each([".ssh", ".aws", ".docker", ".kube", ".gnupg", ".config/gh", ".config/gcloud", ".azure"])("%s anywhere", (folder) => {
    expect([`/home/me/${folder}`, `/srv/${folder}/inner`, folder].map(isSensitive)).toEqual([true, true, true]);
    expect([`/home/me/${folder}2`, `/home/me/x${folder}`].map(isSensitive)).toEqual([false, false]);
  });

  test("another folder of settings", () => {
    expect(["/home/me/.config", "/home/me/.config/editor", "/data", "/var/log"].map(isSensitive)).toEqual([false, false, false, false]);
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
