import { proxyFolder } from "../../../components/credentials/proxy.ts";
import { authFolder } from "../../../components/credentials/args.ts";
import { check, type Check, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";

const readOnly = "EROFS";

/** In every one of the folders the file system itself must refuse, not merely the folder's permissions. */
function allReadOnly(answer: Readonly<Record<string, string>>) {
  const contradictions = Object.entries(answer).flatMap(([folder, outcome]) =>
    outcome === readOnly ? [] : [outcome === "written" ? `${folder} was written to` : `${folder} is not read-only (${outcome})`],
  );
  return heldUnless(contradictions, `read-only: ${Object.keys(answer).join(", ")}`);
}

const readOnlyMounts = ({ mounts }: Promised) =>
  mounts.flatMap(({ readOnly, target }) => (readOnly && target !== authFolder && !target.startsWith(`${authFolder}/`) ? [target] : []));

/** Devices that a container has by its runtime specification, and the terminal of one that has one. */
const standardDevices = ["console", "full", "null", "random", "tty", "urandom", "zero"];

const walkSeconds = 10;

export const files: readonly Check[] = [
  check<Record<string, string>>({
    id: "root-read-only",
    control: "readOnlyRoot",
    quick: true,
    promise: () => "the root file system is read-only",
    attempt: () => ({
      how: "create a file in folders of it, one open to everybody among them",
      probe: "create",
      args: { folders: ["/", "/usr/bin", "/etc", "/opt", "/run/lock", "/var/tmp"] },
    }),
    expectation: allReadOnly,
  }),
  check<Record<string, string>>({
    id: "mounts-read-only",
    control: "mountModes",
    quick: true,
    promise: (session) => (readOnlyMounts(session).length > 0 ? `${readOnlyMounts(session).join(", ")}: read-only` : undefined),
    attempt: (session) => ({ how: "create a file in each", probe: "create", args: { folders: readOnlyMounts(session) } }),
    expectation: allReadOnly,
  }),
  check<Record<string, string>>({
    id: "auth-read-only",
    control: "mountModes",
    quick: true,
    promise: () => `${authFolder} is read-only`,
    attempt: () => ({ how: "create a file in it", probe: "create", args: { folders: [authFolder] } }),
    expectation: allReadOnly,
  }),
  check<{ entries: number } | { error: string }>({
    id: "logs-unlisted",
    control: "logs",
    quick: true,
    promise: () => "the agent cannot list /logs",
    attempt: () => ({ how: "list it", probe: "entries", args: { folder: "/logs" } }),
    expectation: (answer) =>
      heldUnless("entries" in answer ? [`it was listed: ${answer.entries} entries`] : [], "error" in answer ? answer.error : ""),
  }),
  check<Record<string, string>>({
    id: "scratch-noexec",
    control: "noPrograms",
    quick: true,
    promise: () => "no program runs from /tmp, /tmp/agent, /dev/shm",
    attempt: () => ({ how: "run a program from each", probe: "run_program", args: { folders: ["/tmp", "/tmp/agent", "/dev/shm"] } }),
    expectation: (answer) =>
      heldUnless(
        Object.entries(answer).flatMap(([folder, outcome]) =>
          outcome === "EACCES" ? [] : [outcome === "run" ? `a program ran from ${folder}` : `${folder}: ${outcome}`],
        ),
        "EACCES",
      ),
  }),
  check<string[]>({
    id: "setuid",
    control: "noSetuid",
    promise: () => "no file gives another user's rights",
    attempt: () => ({
      how: "look for setuid and setgid files in everything that the agent sees",
      probe: "setuid_files",
      args: { seconds: walkSeconds },
    }),
    expectation: (found) => heldUnless(found, "none"),
  }),
  check<string[]>({
    id: "engine-socket",
    control: "isolation",
    promise: () => "no container engine can be reached through the file system",
    attempt: () => ({
      how: "look for sockets everywhere, and ask each whether it is an engine's",
      probe: "engine_sockets",
      args: { seconds: walkSeconds, unasked: [proxyFolder, "/tmp/agent"] },
    }),
    expectation: (found) =>
      heldUnless(
        found.map((path) => `${path} is one`),
        "none",
      ),
  }),
  check<string[]>({
    id: "devices",
    control: "hostView",
    quick: true,
    promise: () => "no device of the host",
    attempt: () => ({ how: "list the devices in /dev", probe: "devices", args: {} }),
    expectation: (found) =>
      heldUnless(
        found.filter((name) => !standardDevices.includes(name)).map((name) => `/dev/${name} is there`),
        `only ${found.join(", ")}`,
      ),
  }),
  check<Record<string, string[]>>({
    id: "clones",
    control: "repositoryByUrl",
    quick: true,
    promise: ({ clones }) => (clones.length > 0 ? `nothing that ${clones.join(", ")} tracks is configuration of its clone` : undefined),
    attempt: ({ clones }) => ({
      how: "look in each git folder for what git would obey",
      probe: "obeyed_by_git",
      args: { folders: clones.map((name) => `/repos/${name}/.git`) },
    }),
    expectation: (answer) =>
      heldUnless(
        Object.entries(answer).flatMap(([folder, found]) => found.map((name) => `${folder}/${name} is not what the clone was given`)),
        `only what the clone was given: ${Object.keys(answer).join(", ")}`,
      ),
  }),
];
