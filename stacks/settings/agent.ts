import { fromHome } from "../../components/session-volumes/host-path.ts";
import { holdsToken } from "../../policy/rules/read/token-formats.ts";
import { plainSecrets } from "./credentials.ts";
import type { Layered } from "./layers.ts";
import { keyName } from "./keys.ts";
import { NotTaken, readRegular } from "./regular-file.ts";
import { sentence } from "./sentences.ts";

/** What Claude Code does and how. */
export interface AgentSetting {
  /** What it is told to do without a person. */
  readonly task?: string;
  /** Whether somebody is asked before it uses a tool. */
  readonly permissions: "ask" | "bypass";
  /** Its managed settings, as JSON text. */
  readonly settings?: string;
  /** Its managed instructions. */
  readonly instructions?: string;
}

/** An agent that fails at its task fails again at once, and each try is paid for. */
const taskRetries = 3;

/** The kernel takes 128 KB for one variable, which a task is, and on Fargate the managed files are too. */
export const longestText = 100 * 1024;

/** @param hasAgent whether the image brings Claude Code */
export function resolveAgent({ setting, where }: Layered, root: string, hasAgent: boolean, mistakes: string[]): AgentSetting {
  const { task: written, taskFile, permissions, settings, instructions } = setting.agent ?? {};
  const refuse = (key: string, value: string, rest: string) => void mistakes.push(sentence(where("agent", key), value, rest));
  const read = (key: "taskFile" | "settings" | "instructions", file: string | undefined) => {
    if (file === undefined) return undefined;
    try {
      const content = readRegular(fromHome(file, root), longestText);
      if (content.trim() !== "") return content;
      refuse(key, file, "is empty; write something there or remove the key");
    } catch (error) {
      refuse(key, file, error instanceof NotTaken ? error.message : "cannot be read; name a file of this machine");
    }
    return undefined;
  };
  if (written !== undefined && taskFile !== undefined) refuse("taskFile", taskFile, "stands beside a task; leave one of them out");
  const task = written ?? read("taskFile", taskFile);
  const taskKey = written === undefined ? "taskFile" : "task";
  const named = taskFile ?? "the task";
  if (task !== undefined) {
    if (Buffer.byteLength(task) > longestText)
      refuse(taskKey, named, "is longer than 100 KB; put what is long into a file of a repository");
    if (holdsToken(task)) refuse(taskKey, named, "holds what has the form of a credential; take it out");
    if (setting.agentCommand !== undefined) refuse(taskKey, named, "stands beside an agentCommand, and one of them can run; leave one out");
  }
  if (!hasAgent && setting.agent !== undefined)
    mistakes.push(`${keyName(where("agent"))}: is for Claude Code, and image.agent is none or another; write agentCommand instead.`);
  const content = read("instructions", instructions);
  if (content !== undefined && instructions !== undefined && holdsToken(content))
    refuse("instructions", instructions, "holds what has the form of a credential; take it out");
  const managed = settingsText(read("settings", settings), (rest) => refuse("settings", settings ?? "", rest));
  return {
    permissions: permissions ?? (task === undefined ? "ask" : "bypass"),
    ...(task !== undefined && { task }),
    ...(managed !== undefined && { settings: managed }),
    ...(content !== undefined && { instructions: content }),
  };
}

/** Managed settings in one form, however they were written. */
function settingsText(content: string | undefined, refuse: (rest: string) => void): string | undefined {
  if (content === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse("is no object of JSON; write {} with settings in it");
    else if (plainSecrets(value).length > 0)
      refuse("holds what has the form of a credential; take it out, and name it by credentials.secret");
    else return JSON.stringify(value);
  } catch {
    refuse("cannot be read as JSON; name a file with Claude Code's settings");
  }
  return undefined;
}

/** How often an agent that failed is started again; nothing for always. */
export function retriesOf({ restart }: Layered["setting"], { task }: AgentSetting): number | undefined {
  const asked = restart ?? (task === undefined ? "always" : "on-failure");
  if (typeof asked === "object") return asked.retries;
  return { always: undefined, "on-failure": taskRetries, never: 0 }[asked];
}
