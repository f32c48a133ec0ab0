import { expect, test } from "vitest";
import { Screen } from "../../stacks/cli/screen.ts";

const shown = (...chunks: (Buffer | string)[]) => {
  const screen = new Screen();
  return chunks.map((chunk) => screen.pass(Buffer.from(chunk))).join("");
};
/** Cut in two at each byte, and in bytes. */
const cuts = (text: string): Buffer[][] => {
  const bytes = Buffer.from(text);
  return [...bytes.keys()].map((at) => [bytes.subarray(0, at), bytes.subarray(at)]).concat([[...bytes].map((byte) => Buffer.from([byte]))]);
};

const harmless: readonly [string, string][] = [
  ["text of any script", "aü漢🙂\r\n\tb\b\x07"],
  ["colours and styles", "\x1b[1;31mred\x1b[0m\x1b[38:2:1:2:3m\x1b[38;5;9m"],
  ["moves of the cursor", "\x1b[H\x1b[2;3H\x1b[5A\x1b[G\x1b[3d\x1b7\x1b8\x1b[s\x1b[u\x1bM\x1bD"],
  ["erasing, inserting, scrolling", "\x1b[2J\x1b[J\x1b[1K\x1b[3L\x1b[2M\x1b[4P\x1b[@\x1b[X\x1b[3S\x1b[T\x1b[2;20r"],
  ["the alternate screen", "\x1b[?1049h\x1b[?1049l\x1b[?47h\x1b[?1047l"],
  ["mouse, focus, paste, synchronised output", "\x1b[?1000;1002;1006h\x1b[?1004h\x1b[?2004h\x1b[?2026h\x1b[?2026l"],
  ["the cursor's shape and keys", "\x1b[?25l\x1b[?25h\x1b[4 q\x1b[?1h\x1b=\x1b>\x1b[?12l"],
  ["line drawing", "\x1b(0lqk\x1b(B\x0e\x0f"],
  ["a soft reset and repetition", "\x1b[!p\x1b[4lx\x1b[99999b"],
];

test.each(harmless)("%s reaches the terminal, however it is cut", (_, text) => {
  expect(shown(text)).toBe(text);
  for (const chunks of cuts(text)) expect(shown(...chunks)).toBe(text);
});

const reaching: readonly [string, string, string?][] = [
  ["the clipboard", "\x1b]52;c;cm0gLXJmIC8K\x07"],
  ["the clipboard, ended otherwise", "\x1b]52;c;cm0gLXJmIC8K\x1b\\"],
  ["the title", "\x1b]0;title\x07"],
  ["the title, 8 bits", "\u009d2;title\u009c"],
  ["the title, as screen and tmux take it", "\x1bktitle\x1b\\"],
  ["a link", "\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\", "link"],
  ["colours of the palette, and asking for them", "\x1b]4;1;rgb:0/0/0\x07\x1b]11;?\x07"],
  ["the terminal's own commands", "\x1b]1337;File=inline=1:AAAA\x07\x1b]777;notify;a;b\x07\x1b]9;4;1\x07\x1b]133;A\x07\x1b]50;x\x07"],
  ["tmux beyond tmux", "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"],
  ["settings asked for, keys redefined, pictures", '\x1bP$q"p\x1b\\\x1bP0;1|17/6c73\x1b\\\x1bPq#0;2;0;0;0#0!99~\x1b\\'],
  ["DCS of 8 bits", "\u0090+q544e\u009c"],
  ["APC, PM, SOS", "\x1b_Gi=1,a=q;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\\u009fapc\u009c\u009epm\u009c\u0098sos\u009c"],
  ["window size, icon, title stack and reports", "\x1b[8;1;1t\x1b[2t\x1b[21t\x1b[22;0t\x1b[>1t\u009b18t"],
  [
    "device reports",
    "\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n\x1b[x\x1b[>q\x1b[?u\x1b[?1$p\x1b[4$p\x1b[1;1;1;1;1;1*y\x1bZ\u009a",
  ],
  ["the answerback message", "\x05"],
  ["keys: other encodings, a locked keyboard, line feeds", "\x1b[>4;2m\x1b[>1u\x1b[=1u\x1b[<u\x1b[?4m\x1b[2h\x1b[20h\x1b[?2048h"],
  ["printing", "\x1b[5i\x1b[?5i\x1b[i"],
  ["the terminal's character set and width of controls", '\x1b%@\x1b%G\x1b F\x1b G\x1b[62;1"p'],
  ["a full reset, and what has been scrolled away", "\x1bc\x1b[3J\x1b[03J\x1b[?3h\x1b#8"],
  ["modes that are not known", "\x1b[?40h\x1b[?1042h\x1b[?2031h\x1b[?9001h\x1b[?1s\x1b[?1r"],
  ["numbers beyond any screen, and marking with the mouse", "\x1b[100000b\x1b[2147483647S\x1b[1;1;1;1;9T"],
  ["locking shifts and single ones", "\x1bn\x1bo\x1b|\x1b}\x1b~\x1bN\x1bO"],
  ["controls", "\x00\x01\x10\x11\x13\x1f\x7f\u0085", "\x1bE"],
];

test.each(reaching)("%s is left out, however it is cut", (_, text, rest = "") => {
  expect(shown(`a${text}b`)).toBe(`a${rest}b`);
  for (const chunks of cuts(text)) expect(shown("a", ...chunks, "b")).toBe(`a${rest}b`);
});

test.each([
  ["a mode that is not known beside one that is", "\x1b[?1049;40;25h", "\x1b[?1049;25h"],
  ["an 8-bit control sequence becomes one of 7 bits", "\u009b31m", "\x1b[31m"],
  ["bytes that are no UTF-8 are no controls", Buffer.from([0x9b, 0x32, 0x4a]), "\ufffd2J"],
  ["escape ends a string and begins anew", "\x1b]0;a\x1b[31mb", "\x1b[31mb"],
  ["cancel ends a sequence", "\x1b[31\x18m", "m"],
  ["a sequence begun in another", "\x1b[3\x1b[31m", "\x1b[31m"],
  ["a line end inside a sequence comes first", "\x1b[3\n1m", "\n\x1b[31m"],
  ["a string that hides in a string", "\x1b]0;\x1bP\x1b]52;c;eA==\x07x", "x"],
  ["an escape before a control string", "\x1b\x1b]52;c;eA==\x07x", "x"],
])("%s", (_, text, expected) => {
  expect(shown(text)).toBe(expected);
  for (const chunks of [...Buffer.from(text).keys()].map((at) => [Buffer.from(text).subarray(0, at), Buffer.from(text).subarray(at)]))
    expect(shown(...chunks)).toBe(expected);
});

test("what never ends is bounded, and text comes again", () => {
  const screen = new Screen();
  const chunk = Buffer.alloc(64 * 1024, "x");
  screen.pass(Buffer.from("\x1b]0;"));
  for (let sent = 0; sent < 15; sent += 1) expect(screen.pass(chunk)).toBe("");
  expect(screen.pass(chunk).length).toBeLessThan(10);
  expect(screen.pass(Buffer.from("y"))).toBe("y");
  expect(shown(`\x1b[${"1;".repeat(10_000)}m`).length).toBeLessThan(20_001);
  expect(shown("\x1b[", "1".repeat(10_000), "J")).not.toContain("\x1b");
  expect(shown(`\x1b${" ".repeat(10_000)}`, "F")).not.toContain("\x1b");
});

test("leaving puts back what was changed and nothing else", () => {
  const screen = new Screen();
  screen.pass(Buffer.from("plain"));
  expect(screen.leave()).toBe("");
  screen.pass(Buffer.from("\x1b[?1049h\x1b[?1000;1006h\x1b[?2004h\x1b[?25l\x1b[?7l\x1b[2;9r\x1b=\x1b(0\x1b[3 q\x1b[31m\x1b[4h"));
  expect(screen.leave()).toBe(
    "\x1b7\x1b[r\x1b8\x1b[?1049l\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[?7h\x1b[4l\x1b>\x0f\x1b(B\x1b[0 q\x1b[m",
  );
  expect(screen.leave()).toBe("");
  screen.pass(Buffer.from("\x1b[?1049h\x1b[?25l\x1b[31m\x1b[?25h\x1b[0m\x1b[?1049l"));
  expect(screen.leave()).toBe("");
  // A sequence that the end cut off takes nothing of what puts it back.
  screen.pass(Buffer.from("\x1b[?1000h\x1b]0;"));
  expect(screen.leave()).toBe("\x1b[?1000l");
});
