import { StringDecoder } from "node:string_decoder";

/**
 * What a program may tell a terminal: to draw, and to work as full-screen programs need it. Everything else is left out, since
 * the program is a session's and the terminal is somebody's: what sets its title, clipboard, keys, window, printer or character
 * set, what clears its history, and what makes it answer, as the answer is typed into whatever reads the keyboard next.
 *
 * What is passed on is put together here from whole sequences, so it does not matter how a terminal reads broken ones.
 */

/** Private modes that are passed on, each with what it is at first. */
const privateModes: ReadonlyMap<string, boolean> = new Map([
  // Cursor keys, reverse video, origin, mouse of X10, blinking cursor, keypad, margins.
  ...off("1", "5", "6", "9", "12", "66", "69"),
  // The alternate screen, by itself and with the cursor.
  ...off("47", "1047", "1048", "1049"),
  // Mouse, focus, scrolling in the alternate screen.
  ...off("1000", "1002", "1003", "1004", "1005", "1006", "1007", "1015", "1016"),
  // Bracketed paste, synchronised output.
  ...off("2004", "2026"),
  // Wrapping, a cursor to be seen.
  ["7", true],
  ["25", true],
]);

function off(...modes: readonly string[]): [string, boolean][] {
  return modes.map((mode) => [mode, false]);
}

/** Control characters: bell, backspace, tab, line ends, character sets in and out. */
const controls = "\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

/** Escape sequences of one character: save and restore the cursor, index, next line, tab stop, reverse index, keypad. */
const singles = "78DEHM=>";

/** Characters of a string (a title, a picture) that nothing ends, after which it counts as ended. */
const longestString = 1024 ** 2;

/** Characters of a control sequence; no real one is longer. */
const longestSequence = 256;

/** What a program has changed and not put back, besides the modes. */
const untouched = { style: false, cursor: false, insert: false, keypad: false, charset: false, region: false };

type State = "text" | "escape" | "sequence" | "string" | "oscString";

/** Passes on what a program may tell a terminal, in pieces of any size. */
export class Screen {
  readonly #decoder = new StringDecoder("utf8");
  readonly #modes = new Map<string, boolean>();
  #state: State = "text";
  /** What came of the sequence so far; of a string, only how much. */
  #sequence = "";
  #length = 0;
  #dirty = { ...untouched };

  /** @returns what may reach the terminal */
  pass(chunk: Buffer): string {
    let out = "";
    for (const character of this.#decoder.write(chunk)) out += this.#take(character);
    return out;
  }

  /** What puts the terminal back as it was, where the program has not done it. */
  leave(): string {
    const { style, cursor, insert, keypad, charset, region } = this.#dirty;
    const modes = [...this.#modes]
      .filter(([mode, on]) => on !== privateModes.get(mode))
      .map(([mode, on]) => `\x1b[?${mode}${on ? "l" : "h"}`);
    const out = [
      region ? "\x1b7\x1b[r\x1b8" : "",
      ...modes,
      insert ? "\x1b[4l" : "",
      keypad ? "\x1b>" : "",
      charset ? "\x0f\x1b(B" : "",
      cursor ? "\x1b[0 q" : "",
      style ? "\x1b[m" : "",
    ].join("");
    this.#modes.clear();
    this.#dirty = { ...untouched };
    return out;
  }

  #take(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    // A control character of 8 bits is an escape sequence of two characters.
    if (code >= 0x80 && code < 0xa0) return this.#take("\x1b") + this.#take(String.fromCharCode(code - 0x40));
    if (character === "\x1b") return this.#begin("escape");
    if (character === "\x18" || character === "\x1a") return this.#begin("text");
    switch (this.#state) {
      case "text":
        return this.#text(character, code);
      case "escape":
        return this.#escape(character, code);
      case "sequence":
        return this.#control(character, code);
      default:
        this.#length += 1;
        if (this.#length > longestString || (character === "\x07" && this.#state === "oscString")) this.#begin("text");
        return "";
    }
  }

  #begin(state: State): string {
    this.#state = state;
    this.#sequence = "";
    this.#length = 0;
    return "";
  }

  #text(character: string, code: number): string {
    if (code >= 0x20 && code !== 0x7f) return character;
    if (!controls.includes(character)) return "";
    if (character === "\x0e") this.#dirty.charset = true;
    return character;
  }

  #escape(character: string, code: number): string {
    if (code < 0x20 || code > 0x7e) return this.#text(character, code);
    if (code < 0x30) {
      this.#sequence += character;
      if (this.#sequence.length > longestSequence) this.#begin("text");
      return "";
    }
    const between = this.#sequence;
    this.#begin("text");
    if (between !== "") return this.#designate(between, character);
    if (character === "[") return this.#begin("sequence");
    if (character === "]") return this.#begin("oscString");
    // Strings of a device, of a program, and the title of a window in screen and tmux.
    if ("PX^_k".includes(character)) return this.#begin("string");
    if (!singles.includes(character)) return "";
    if (character === "=") this.#dirty.keypad = true;
    return `\x1b${character}`;
  }

  /** Character sets: ASCII, British, line drawing; never UTF-8 on and off, which decides what the terminal takes for a control. */
  #designate(between: string, final: string): string {
    if (!/^[()*+]$/.test(between) || !/^[0AB]$/.test(final)) return "";
    if (final !== "B") this.#dirty.charset = true;
    return `\x1b${between}${final}`;
  }

  #control(character: string, code: number): string {
    // Terminals obey a control character in the middle of a sequence; here it comes before.
    if (code < 0x20) return this.#text(character, code);
    if (code < 0x40) {
      this.#sequence += character;
      if (this.#sequence.length > longestSequence) this.#begin("text");
      return "";
    }
    const sequence = this.#sequence;
    this.#begin("text");
    return code > 0x7e ? "" : this.#judge(sequence, character);
  }

  #judge(sequence: string, final: string): string {
    const read = /^([<=>?]?)([0-9:;]*)([ -/]*)$/.exec(sequence);
    if (read === null) return "";
    const [, prefix = "", parameters = "", between = ""] = read;
    switch (prefix + between) {
      case "":
        return this.#plainSequence(parameters, final);
      case "?":
        if (final === "h" || final === "l") return this.#setModes(parameters, final);
        return final === "J" || final === "K" ? this.#emit(sequence, final) : "";
      case " ":
        if (final !== "q") return "";
        this.#dirty.cursor = true;
        return this.#emit(sequence, final);
      case "!":
        // A soft reset.
        return final === "p" ? this.#emit(sequence, final) : "";
      default:
        return "";
    }
  }

  #plainSequence(parameters: string, final: string): string {
    // No screen is so wide; a terminal that repeats a character so often stands still.
    if (/\d{6}/.test(parameters)) return "";
    switch (final) {
      case "h":
      case "l":
        // Insert mode; the others concern the keyboard.
        if (parameters !== "4") return "";
        this.#dirty.insert = final === "h";
        break;
      case "J":
        // The third clears what has been scrolled away.
        if (!/^0*[012]?$/.test(parameters)) return "";
        break;
      case "T":
        // With more numbers it begins a way to mark text with the mouse, which the terminal waits for.
        if (parameters.includes(";")) return "";
        break;
      case "m":
        this.#dirty.style = !/^0*$/.test(parameters);
        break;
      case "r":
        this.#dirty.region = parameters !== "";
        break;
      default:
        // Moves, erasures, insertions, scrolling, tab stops, repetition, saving and restoring the cursor.
        if (!"@ABCDEFGHIKLMPSXZ`abdefgsu".includes(final)) return "";
    }
    return this.#emit(parameters, final);
  }

  #setModes(parameters: string, final: string): string {
    const known = parameters
      .split(";")
      .map((mode) => mode.replace(/^0+(?=\d)/, ""))
      .filter((mode) => privateModes.has(mode));
    for (const mode of known) this.#modes.set(mode, final === "h");
    return known.length === 0 ? "" : this.#emit(`?${known.join(";")}`, final);
  }

  #emit(sequence: string, final: string): string {
    return `\x1b[${sequence}${final}`;
  }
}
