import { authFolder } from "../../../components/credentials/args.ts";
import type { MountedVolume } from "../../runtime/runtime.ts";
import { check, type Check, heldUnless } from "../check.ts";

/** Where a secret would lie that a session was given by mistake. The workspace and the repositories hold the user's own. */
const places = [authFolder, "/session", "/tmp", "/run", "/dev/shm", "/etc", "/home", "/opt", "/root", "/srv"];

export const secrets: readonly Check[] = [
  check<readonly MountedVolume[]>({
    id: "own-volumes",
    control: "ownSecrets",
    promise: ({ services }) =>
      `every volume is the session's own, or a repository that sessions share${services.length === 0 ? "" : `, or of ${services.join(" and ")}`}`,
    attempt({ id }, { volumes }) {
      const how = "ask the engine whose volumes are mounted";
      const mounted = volumes.get(id);
      return mounted === undefined ? { how, notTried: "the engine does not say" } : { how, answer: mounted };
    },
    expectation: (mounted, { id, services }) =>
      heldUnless(
        mounted.flatMap(({ target, name, owner, kind }) =>
          owner === id || kind === "repository" || services.some((name) => name === kind)
            ? []
            : [`${name} at ${target} belongs to ${owner ?? "nobody known"}`],
        ),
        `${mounted.length} volumes`,
      ),
  }),
  check<string>({
    id: "key-taken",
    control: "ownSecrets",
    quick: true,
    promise: ({ signsIn }) => (signsIn ? "the model's provider has not refused the session's key" : undefined),
    attempt: () => ({
      how: "ask what became of its last request, as the credential proxy or the agent saw it",
      probe: "refused_key",
      args: {},
    }),
    expectation: (status) => heldUnless(status === "" ? [] : [`it was answered with ${status}`], "no refusal"),
  }),
  check<Readonly<Record<string, string>>>({
    id: "foreign-secrets",
    control: "ownSecrets",
    promise: (_, { secrets }) =>
      secrets.count === 0 ? undefined : "no secret of another session, nor one that only a proxy or a clone uses",
    attempt: () => ({
      how: "look for each in the environment and command lines of all processes and in files outside of the workspace",
      probe: "text_digests",
      args: { folders: places, seconds: 10 },
    }),
    expectation(digests, { id }, { secrets }) {
      const found = [...secrets.foreign(id)].flatMap(([digest, name]) =>
        digests[digest] === undefined ? [] : [`${name} is in ${digests[digest]}`],
      );
      if (found.length === 0 && secrets.unknown.length > 0)
        return { held: undefined, found: `not known here, or too short to be looked for: ${secrets.unknown.join(", ")}` };
      return heldUnless([...new Set(found)], "not there");
    },
  }),
];
