import { execFileSync, spawn } from "node:child_process";
import type { Session as Opened } from "@aws-sdk/client-ecs";
import { plain } from "../../printable.ts";
import { FargateError, type FargatePlace } from "./answers.ts";
import type { Line } from "./entry.ts";

/** AWS's program for the lines that its Systems Manager opens. */
const program = "session-manager-plugin";

/** The first version that is handed the line's token by a variable, and not in its command line, which everybody on the machine sees. */
const firstVersion = [1, 2, 536] as const;

const wayOut =
  "install it as https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html says";

/** The variable by which the program takes what AWS has answered; its name is given in the place of the answer. */
const variable = "AWS_SSM_START_SESSION_RESPONSE";

/** Milliseconds in which the program may end by itself. */
const patience = 2000;

/** @returns the program's version @throws Error when it is not there, or shows the token to others */
export function requirePlugin(): string {
  let version: string;
  try {
    version = execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    throw new FargateError(`ECS Exec takes AWS's ${program}, and it is not there; ${wayOut}`);
  }
  const numbers = plain(version).split(".").map(Number);
  const at = firstVersion.findIndex((number, index) => numbers[index] !== number);
  if (at >= 0 && !((numbers[at] ?? 0) > (firstVersion[at] ?? 0)))
    throw new FargateError(
      `${program} is version ${plain(version)}, which shows the token of the line in its command line; ${firstVersion.join(".")} is the first that does not; ${wayOut}`,
    );
  return plain(version);
}

/** Opens a line that AWS has made. @param target as Systems Manager calls what it leads to, which the key that encrypts it is bound to */
export function openLine({ region, profile = "" }: FargatePlace, { sessionId, streamUrl, tokenValue }: Opened, target: string): Line {
  const answer = JSON.stringify({ SessionId: sessionId, StreamUrl: streamUrl, TokenValue: tokenValue });
  const args = [variable, region, "StartSession", profile, JSON.stringify({ Target: target }), ""];
  const child = spawn(program, args, { env: { ...process.env, [variable]: answer }, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.on("error", ({ message }) => {
    said += message;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said = (said + piece).slice(-4096);
  });
  const kill = () => void child.kill("SIGKILL");
  return {
    from: child.stdout,
    to: child.stdin,
    end(patiently) {
      if (!patiently) return kill();
      const timer = setTimeout(kill, patience);
      child.once("exit", () => clearTimeout(timer));
    },
    reason(before) {
      const words = plain(`${before} ${said}`)
        .replaceAll(tokenValue ?? "", "")
        .replace(/\s+/g, " ")
        .trim();
      return `ECS Exec ended before the command began${words === "" ? "" : `; ${program} says: ${words}`}`;
    },
  };
}
