import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { passOn } from "../../streams.ts";
import type { StartedCommand } from "../runtime.ts";
import { FargateError } from "./answers.ts";

/**
 * A command that the image's session-entry runs, at the other end of a line that has a terminal's ways with bytes, and on which others
 * write before and after. Its messages are described there. What comes is not trusted: it may be written by the agent itself.
 */

/** Bytes that may be on their way to each side, as session-entry has it: the line loses what nobody takes. */
const window = 256 * 1024;

/** Bytes of input in one message. */
const mostInput = 8 * 1024;

/** Characters of the longest message that session-entry writes, and then some. */
const longest = 64 * 1024;

/** Characters that are kept of what others write before. */
const mostBefore = 4096;

/** Milliseconds until session-entry has said something. */
const patience = 60_000;

/** Who writes what session-entry never does. */
const notOurs = () => new FargateError("what came from the session is not what its image sends");

/** What leads to session-entry and back. */
export interface Line {
  readonly from: AsyncIterable<Buffer>;
  readonly to: Writable;
  /** Lets go of it. @param patiently whether it may end by itself first */
  end(patiently: boolean): void;
  /** Why it ended, as far as it says; given what came before session-entry said anything. */
  reason(before: string): string;
}

/**
 * Waits until a command has been started.
 *
 * @param word what says that session-entry's messages begin
 * @param within milliseconds until then
 * @throws Error when the line ends before, nobody serves there, or who does says nothing
 */
export async function enterBy(line: Line, word: string, within = patience): Promise<StartedCommand> {
  const pieces = line.from[Symbol.asyncIterator]();
  const mark = `${word}:`;
  const over = new AbortController();
  const late = delay(within, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    for (let text = ""; ; text = text.slice(-mostBefore)) {
      const next = await Promise.race([pieces.next(), late]);
      if (next === undefined) {
        line.end(false);
        void drain(pieces);
        throw new FargateError(
          `nothing in the session took the command within ${within / 1000} s, as its agent may have halted what does; sessions stop and start make it anew`,
        );
      }
      if (next.done === true) throw new FargateError(line.reason(text));
      text += (next.value as Buffer).toString("latin1");
      const at = text.indexOf(mark);
      if (at >= 0) return new EnteredCommand(line, pieces, text.slice(at + mark.length));
    }
  } finally {
    over.abort();
  }
}

class EnteredCommand implements StartedCommand {
  readonly input: Writable;
  readonly #line: Line;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #sum = createHash("sha256");
  #text: string;
  #came = 0;
  #room = window;
  #more: (() => void) | undefined;
  #code: number | undefined;
  #over = false;

  constructor(line: Line, pieces: AsyncIterator<Buffer>, text: string) {
    this.#line = line;
    this.#pieces = pieces;
    this.#text = text;
    line.to.on("error", () => {});
    this.input = new Writable({
      write: (piece: Buffer, _, done) => void this.#give(piece).then(() => done(), done),
      final: (done) => {
        this.#say("z");
        done();
      },
    });
  }

  #say(message: string): void {
    if (!this.#over) this.#line.to.write(`${message}.`);
  }

  /** Whoever writes to a command that has ended is told by its end. */
  async #give(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length && !this.#over; at += mostInput) {
      const part = piece.subarray(at, at + mostInput);
      while (this.#room < part.length && !this.#over)
        await new Promise<void>((resolve) => {
          this.#more = resolve;
        });
      this.#room -= part.length;
      this.#say(`i${part.toString("base64")}`);
    }
  }

  async carry(output: Writable, errors: Writable): Promise<void> {
    try {
      for (;;) {
        const message = await this.#next();
        if (message === undefined) break;
        await this.#obey(message, output, errors);
        if (this.#code !== undefined) break;
      }
    } finally {
      this.#end();
    }
  }

  /** @returns nothing where it was let go of @throws Error when the line breaks off, or what comes is no message */
  async #next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf(".");
      if (end >= 0) {
        const message = this.#text.slice(0, end).trim();
        this.#text = this.#text.slice(end + 1);
        return message;
      }
      if (this.#text.length > longest) throw notOurs();
      const { value, done } = await this.#pieces.next();
      if (this.#over) return undefined;
      if (done === true) throw new FargateError("the line to the command broke off");
      this.#text += (value as Buffer).toString("latin1");
    }
  }

  async #obey(message: string, output: Writable, errors: Writable): Promise<void> {
    const text = message.slice(1);
    switch (message[0]) {
      case "o":
      case "e": {
        const piece = Buffer.from(text, "base64");
        this.#sum.update(piece);
        this.#came += piece.length;
        await passOn(message[0] === "o" ? output : errors, piece);
        this.#say(`a${piece.length}`);
        return;
      }
      case "k":
        if (!/^\d{1,9}$/.test(text) || this.#room + Number(text) > window) throw notOurs();
        this.#room += Number(text);
        this.#more?.();
        return;
      case "x":
        this.#code = this.#codeIn(text);
        return;
      case "n":
        throw new FargateError(
          "nothing in the session takes commands, as it is only starting, its image is older than this, or its agent has ended what does; sessions stop and start make it anew",
        );
    }
  }

  /** @throws Error when something of what was printed did not come */
  #codeIn(text: string): number {
    const [, code, count, sum] = /^(\d{1,3}),(\d{1,15}),([0-9a-f]{64})$/.exec(text) ?? [];
    if (code === undefined || Number(code) > 255) throw notOurs();
    if (Number(count) !== this.#came || sum !== this.#sum.digest("hex"))
      throw new FargateError(`of what the command printed, ${this.#came} bytes came, and they are not the ${Number(count)} that it was`);
    return Number(code);
  }

  resize(rows: number, columns: number): void {
    this.#say(`r${rows},${columns}`);
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    const early = this.#code === undefined;
    if (early) this.#say("q");
    this.#over = true;
    this.#more?.();
    // What nobody reads would keep the line from ending.
    if (early) void drain(this.#pieces);
    this.#line.end(early);
  }

  async exitCode(): Promise<number | undefined> {
    return this.#code;
  }
}

async function drain(pieces: AsyncIterator<Buffer>): Promise<void> {
  try {
    while ((await pieces.next()).done !== true);
  } catch {
    // It has broken off, and is as good as ended.
  }
}
