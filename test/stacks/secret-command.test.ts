import type * as childProcess from "node:child_process";
import { execFile } from "node:child_process";
import { expect, test, vi } from "vitest";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse, type SettingsError } from "../../stacks/settings.ts";

/** A command is started as it is asked for, but for its time, of which a thousandth passes. */
vi.mock("node:child_process", async (original) => {
  const actual = await original<typeof childProcess>();
  const hurried = (program: string, args: string[], options: { timeout: number }, done: () => void) =>
    actual.execFile(program, args, { ...options, timeout: options.timeout / 1000 }, done);
  return { ...actual, execFile: vi.fn(hurried) };
});

async function read(...command: string[]): Promise<readonly string[]> {
  const credentials = { kind: "file", secret: { command } };
  const settings = parse({ sessions: [{ id: "a", credentials }] }, { environment: {} });
  const secrets = new Secrets(noEncryptedConfig);
  return secrets.read(settings).then(
    () => [secrets.reference({ key: "any", from: "command", words: command }).reveal()],
    ({ sentences }: SettingsError) => sentences,
  );
}

const place = "sessions[0].credentials.secret: command";

test("a command that prints nothing for a minute is ended", async () => {
  const sentence = "took longer than 60 s; run it by hand to see why.";
  expect(await read("sleep", "3600")).toEqual([`${place} sleep ${sentence}`]);
  expect(execFile).toHaveBeenCalledWith("sleep", ["3600"], expect.objectContaining({ timeout: 60_000 }), expect.any(Function));
});

test("a command that prints without end is ended, and one that prints a long secret is not", async () => {
  vi.mocked(execFile).mockImplementation((await vi.importActual<typeof childProcess>("node:child_process")).execFile as never);
  const sentence = "printed more than 64 KB; run it by hand to see why.";
  expect(await read("yes")).toEqual([`${place} yes ${sentence}`]);
  expect(await read("sh", "-c", "printf %065537d 0")).toEqual([`${place} sh ${sentence}`]);
  expect(await read("sh", "-c", "printf %065536d 0")).toEqual(["0".repeat(65_536)]);
});

test("a command waits for nobody's input, and says why it cannot be started", async () => {
  expect(await read("sh", "-c", "cat; echo key")).toEqual(["key"]);
  expect(await read("/")).toEqual([`${place} / ended with EACCES; run it by hand to see why.`]);
});
