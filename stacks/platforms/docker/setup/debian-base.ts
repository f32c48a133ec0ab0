import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Debian's name of an architecture that the engine names as the kernel does. */
export function debianArchitecture(name: string): string {
  return { x86_64: "amd64", aarch64: "arm64" }[name] ?? name;
}

/** The lines of apt's `indextargets` that belong to Debian bookworm, as sources for the base: its mirror may be a private one. */
export function sourcesFromTargets(targets: string, keyring: string | undefined): string[] {
  const option = keyring === undefined ? "" : `[signed-by=${keyring}] `;
  const lines = targets
    .split("\n")
    .map((line) => line.trim().split(" "))
    .filter(
      ([, codename, origin, component]) =>
        origin === "Debian" && component === "main" && /^bookworm(-updates|-security)?$/.test(codename ?? ""),
    )
    .map(([uri, codename]) => `deb ${option}${uri} ${codename} main`);
  return [...new Set(lines)];
}

/** This machine's own sources for Debian bookworm; empty on another release, where mmdebstrap knows the public ones. */
export async function debianSources(): Promise<string[]> {
  try {
    const format = "$(REPO_URI) $(CODENAME) $(ORIGIN) $(COMPONENT)";
    const { stdout } = await promisify(execFile)("apt-get", ["indextargets", "--format", format]);
    const sources = sourcesFromTargets(stdout, existsSync(KEYRING) ? KEYRING : undefined);
    // Updates without the release they belong to cannot be installed.
    return sources.some((line) => line.endsWith(" bookworm main")) ? sources : [];
  } catch {
    return [];
  }
}

/**
 * What mmdebstrap is called with: the smallest Debian, without documentation and translations, and without the package that
 * would bring Perl (46 MB) only to check that /usr is merged.
 */
export function bootstrapArguments(architecture: string, sources: readonly string[], canMergeUsr = existsSync(MERGED_USR)): string[] {
  const without = ["doc", "man", "info", "locale", "lintian"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  return [
    "--variant=minbase",
    `--architectures=${architecture}`,
    ...(canMergeUsr ? [`--hook-dir=${MERGED_USR}`, "--include=usr-is-merged"] : []),
    '--aptopt=APT::Install-Recommends "false"',
    ...without,
    // Licences must stay with the programs.
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "bookworm",
    "-",
    ...sources,
  ];
}
