import { describe, expect, test } from "vitest";
import { duplicateTargets, targetRefusal } from "../../components/session-volumes/args.ts";

describe("a target that the session needs itself is refused, and its neighbour is not", () => {
  test.each([
    "/workspace",
    "/session",
    "/logs",
    "/tmp",
    "/auth",
    "/repos",
    "/dev",
    "/proc",
    "/sys",
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/run",
  ])("%s", (target) => {
    const refused = `lies in ${target}, which the session needs itself; choose another target`;
    for (const written of [target, `${target}/`, `/${target}`, `${target}/inner`, `${target}//inner/deep/`])
      expect(targetRefusal(written)).toBe(refused);
    expect(targetRefusal(`${target}s`)).toBeUndefined();
    expect(targetRefusal(`/data${target}`)).toBeUndefined();
  });
});

describe("what is no path in the session is refused", () => {
  test.each(["/", "", "data", "./data", " /data", "/a:b", "/a,b", "/a\0b"])("%j", (target) => {
    expect(targetRefusal(target)).toBe('is not a path in the session; write an absolute one such as "/data"');
  });

  test.each(["/data/..", "/../etc", "/data/./x", "/."])("%j", (target) => {
    expect(targetRefusal(target)).toBe("must be written without . and ..");
  });

  test.each(["/data", "/data/", "//data", "/data/inner", "/..data", "/home/agent/.config"])("%j is one", (target) => {
    expect(targetRefusal(target)).toBeUndefined();
  });
});

test("a target that is claimed twice is found however it is written, once", () => {
  expect(duplicateTargets([])).toEqual([]);
  expect(duplicateTargets(["/a", "/b", "/a/b"])).toEqual([]);
  expect(duplicateTargets(["/a", "/b", "//a/", "/a", "/b//"])).toEqual(["/a", "/b"]);
  expect(duplicateTargets(["/", "/"])).toEqual(["/"]);
});
