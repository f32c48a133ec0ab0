import { duplicateTargets, targetRefusal, targetsInWritable, type Workspace } from "../../components/session-volumes/args.ts";
import { checkHostPath, fromHome } from "../../components/session-volumes/host-path.ts";
import { baseline } from "../../policy/baseline.ts";
import type { SessionSetting } from "../schema.ts";
import { hostPath } from "./host-paths.ts";
import type { Judgement } from "./judgement.ts";
import { keyName } from "./keys.ts";
import type { Layered } from "./layers.ts";
import type { RepositorySetting } from "./repository.ts";
import { sentence, shown } from "./sentences.ts";
import type { Bind } from "./session.ts";
import { localOf, type StrategySetting } from "./strategy.ts";

/** Takes a path of this machine that a key of a session names. @returns its real path; as it was written, where it is refused */
export type JudgePath = (path: readonly PropertyKey[], value: string, writable?: boolean) => string;

export function pathJudge({ setting, where }: Layered, { deployment, machine, hostPaths, sound, mistakes }: Judgement): JudgePath {
  return (path, value, writable = false) => {
    const verdict = checkHostPath(value, {
      base: machine.root,
      allowedRoots: deployment.allowedHostPaths ?? [],
      writable: writable && sound("allowedHostPaths"),
      owner: baseline.user.uid,
    });
    if ("path" in verdict) {
      const named = `${keyName(where(...path))}: ${shown(value)}`;
      hostPaths.push(hostPath(fromHome(value, machine.root), { named, session: setting.id, writable }));
      return verdict.path;
    }
    mistakes.push(sentence(where(...path), value, verdict.refused));
    return value;
  };
}

/** The further folders that a session has mounted, that of debugging among them. */
export function resolveBinds({ setting, where }: Layered, { strategy, machine, mistakes }: Judgement, judge: JudgePath): Bind[] {
  const binds = (setting.mounts ?? []).flatMap((mount, index) => {
    const path = ["mounts", index];
    const refused = mount.target === undefined ? undefined : targetRefusal(mount.target);
    if (refused !== undefined) mistakes.push(sentence(where(...path, "target"), mount.target, refused));
    const readOnly = mount.readOnly ?? true;
    const source = mount.source === undefined ? undefined : judge([...path, "source"], mount.source, !readOnly);
    return source === undefined || mount.target === undefined ? [] : [{ source, target: mount.target, readOnly }];
  });
  if (localOf(strategy)?.debug === true) {
    const verdict = checkHostPath("src", { base: machine.root });
    if ("refused" in verdict)
      mistakes.push(`local.debug: true mounts ./src, which ${verdict.refused}; make it a folder of this project or set debug: false.`);
    else binds.push({ source: verdict.path, target: "/app/src", readOnly: true });
  }
  return binds;
}

export function resolveWorkspace({ setting }: Layered, strategy: StrategySetting, judge: JudgePath): Workspace {
  const workspace: NonNullable<SessionSetting["workspace"]> = setting.workspace ?? {
    kind: localOf(strategy)?.volumePersistence === false ? "tmpfs" : "volume",
  };
  switch (workspace.kind) {
    case "volume":
      return workspace;
    case "tmpfs":
      return { kind: "tmpfs", size: workspace.size ?? baseline.limits.workspace };
    case "host":
      return { kind: "host", path: judge(["workspace", "path"], workspace.path, true) };
  }
}

/** What is wrong with where a session sees its folders, one sentence each. */
export function targetMistakes(session: string, repositories: readonly RepositorySetting[], binds: readonly Bind[]): string[] {
  const targets = [
    ...repositories.flatMap(({ name }) => (name === undefined ? [] : [`/repos/${name}`])),
    ...binds.map(({ target }) => target),
  ];
  return [
    ...duplicateTargets(targets).map((target) => `${session}: two mounts on ${target}; give each a name or target of its own.`),
    ...targetsInWritable(binds).map(
      ({ target, outer }) =>
        `${session}: the mount on ${target} lies in the one on ${outer}, which the session may write: it could put a link there, and be given the mount elsewhere; choose a target outside of it.`,
    ),
  ];
}
