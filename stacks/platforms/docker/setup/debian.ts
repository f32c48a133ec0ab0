import { readFileSync } from "node:fs";
import { run, which, type Report } from "./command.ts";

/** The fields of an os-release file. */
export function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split("\n")
      .map((line) => /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim()))
      .filter((match) => match !== null)
      .map((match) => [match[1], match[2] ?? match[3] ?? match[4] ?? ""]),
  );
}

/** Whether an os-release file describes Debian, Ubuntu or a system made from them. */
export function isDebianLike(release: Record<string, string>): boolean {
  return [release.ID, ...(release.ID_LIKE ?? "").split(" ")].some((id) => id === "debian" || id === "ubuntu");
}

/** Whether set-up can install packages here: Debian or Ubuntu, as root. */
export function canInstallPackages(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || which("apt-get") === undefined) return false;
  try {
    return isDebianLike(parseOsRelease(readFileSync("/etc/os-release", "utf8")));
  } catch {
    return false;
  }
}

/** Installs Debian packages from the machine's own sources. */
export async function installPackages(names: readonly string[], report: Report): Promise<void> {
  const quiet = { DEBIAN_FRONTEND: "noninteractive" };
  report("Reading the package lists (apt-get update) …");
  await run(["apt-get", "update", "-q"], () => {}, quiet);
  report(`Installing ${names.join(", ")} …`);
  await run(
    ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...names],
    (line) => {
      if (/^(Unpacking|Setting up) /.test(line)) report(line);
    },
    quiet,
  );
}
