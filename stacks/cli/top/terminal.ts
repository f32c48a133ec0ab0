import { emitKeypressEvents } from "node:readline";
import { afterwards } from "../afterwards.ts";
import type { Size } from "./view.ts";

/** The other screen, which has no history; no cursor; what is too long is cut, not wrapped. */
const begin = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const end = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** The whole of this process's terminal. */
export interface Terminal {
  size(): Size;
  draw(lines: readonly string[]): void;
  /** Takes keys by their names, `ctrl-c` among them, and `end of input` when the terminal is gone. */
  onKey(take: (key: string) => void): void;
  onResize(take: () => void): void;
}

/** Works with the whole terminal, which is as it was afterwards, however that ends. */
export async function wholeTerminal<T>(work: (terminal: Terminal) => Promise<T>): Promise<T> {
  const { stdin, stdout } = process;
  let take: (key: string) => void = () => {};
  let resized = () => {};
  const onResize = () => resized();
  const onKey = (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) =>
    take(ctrl ? `ctrl-${name}` : (name ?? text ?? ""));
  const onEnd = () => take("end of input");
  let whole = true;
  const restore = () => {
    if (!whole) return;
    whole = false;
    stdin.setRawMode(false);
    stdout.write(end);
  };
  process.once("exit", restore);
  try {
    return await afterwards(restore, async () => {
      emitKeypressEvents(stdin);
      stdin.setRawMode(true);
      stdin.on("keypress", onKey).once("end", onEnd).resume();
      stdout.on("resize", onResize).write(begin);
      return work({
        size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
        draw: (lines) => void stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`),
        onKey: (taken) => {
          take = taken;
        },
        onResize: (told) => {
          resized = told;
        },
      });
    });
  } finally {
    process.off("exit", restore);
    stdin.off("keypress", onKey).off("end", onEnd).pause();
    stdout.off("resize", onResize);
  }
}
