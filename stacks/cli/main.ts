import { Command, CommanderError } from "commander";
import { plain } from "../printable.ts";
import { SettingsError } from "../settings/error.ts";
import { root } from "./stack.ts";

/** The `sessions` command; each command is a file of its own, loaded only when it is called or listed. */
const commands = [
  "up",
  "down",
  "plan",
  "list",
  "top",
  "run",
  "add",
  "remove",
  "attach",
  "exec",
  "logs",
  "egress",
  "diff",
  "pull",
  "stop",
  "start",
  "build",
  "cleanup",
  "verify",
  "check",
  "policy-config",
  "resolve",
  "doctor",
] as const;

/** 0 done, 1 failed, 2 wrong usage or faulty settings, 3 the plan has changes (plan --detailed-exitcode). */
async function main(args: readonly string[]): Promise<void> {
  const program = new Command("npx sessions")
    .description("Hardened, isolated containers for AI coding agents, one for each session.")
    .exitOverride()
    .showHelpAfterError("(npx sessions --help lists the commands)");
  const wanted = commands.filter((name) => name === args[0]);
  for (const name of wanted.length > 0 ? wanted : commands) {
    const { register } = (await import(`./${name}.ts`)) as { register(program: Command): void };
    register(program);
  }
  for (const command of program.commands) command.exitOverride();
  // What images are built from is named by its path from there, for the Pulumi CLI too.
  program.hook("preAction", () => process.chdir(root));
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    console.error(`sessions: ${process.env.DEBUG ? (error as Error).stack : (error as Error).message}`);
    process.exitCode = error instanceof SettingsError ? 2 : 1;
  }
}

// Whoever reads the output, such as head, may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

// Lines may quote what a session, a repository or a server wrote. What a session's own streams hold does not go this way.
for (const name of ["log", "error"] as const) {
  const print = console[name].bind(console);
  console[name] = (text: string) => print(plain(text));
}

await main(process.argv.slice(2));
