import { readFileSync } from "node:fs";
import { buildOf, dockerfileOf, imageKinds } from "./read/build.ts";
import { finalStage, type Instruction, instructions, stageBase, stageName } from "./read/dockerfile.ts";
import { isFloating, parseImage } from "./read/image.ts";
import { isSecret } from "./read/secret-detection.ts";
import { identityOf } from "./read/user.ts";
import { isRecord, text } from "./read/value.ts";
import { cis, type Found, graded, type Rule } from "./rule.ts";

/** What is wrong with a Dockerfile, as the end of a sentence "The image must". */
export function* dockerfileFaults(source: string, target?: string): Iterable<Found> {
  const all = instructions(source);
  const final = finalStage(all, target);
  const last = (word: string) => final.findLast((one) => one.word === word)?.rest;
  if (identityOf(last("USER")?.split(/\s/)[0]).is === "root") yield "end as a user other than root";
  else if (last("USER") === undefined) yield "name the user it runs as (USER)";
  if (last("HEALTHCHECK") === undefined) yield graded("low", "have a HEALTHCHECK");
  if (final.some(({ word, rest }) => word === "EXPOSE" && rest.split(/\s+/).some((port) => /^22(\/tcp)?$/.test(port))))
    yield "not expose SSH";
  yield* inInstructions(all);
  yield* inFinalStage(final);
  yield* unpinnedBases(all);
}

function* inInstructions(all: readonly Instruction[]): Iterable<Found> {
  for (const { word, rest } of all) {
    if (word === "RUN" && /\b(curl|wget)\b[^|;&]*\|\s*(sudo\s+)?(ba|z|da|a)?sh\b/.test(rest)) yield "not pipe a download into a shell";
    if (word === "ADD" && /(^|\s)https?:\/\//.test(rest) && !/--checksum=/.test(rest)) yield "not ADD a URL without its checksum";
    if (word !== "ENV" && word !== "ARG") continue;
    for (const [, name = "", value = ""] of rest.matchAll(/([\w.]+)(?:=|\s+)("[^"]*"|\S*)/g))
      if (isSecret(name, value.replaceAll('"', ""))) yield `not have a secret in ${word} ${name}`;
  }
}

function* inFinalStage(final: readonly Instruction[]): Iterable<Found> {
  const commands = final.filter(({ word }) => word === "RUN").map(({ rest }) => rest);
  if (commands.some((rest) => holdsInOrder(rest, /\b(apt-get|apt|apk|yum|dnf)\b/, /\b(install|add)\b/, /\bsudo\b/)))
    yield "not have sudo in it";
  if (commands.some((rest) => holdsInOrder(rest, /\b(install|add)\b/, /\b(docker\.io|docker-ce-cli|docker-cli)\b/)))
    yield "not have the engine's client in it";
  if (commands.some((rest) => /chmod\s+(-R\s+)?([0-7]?[4-7][0-7]{3}|[ugo]*\+[rwx]*s)\b/.test(rest))) yield "not add setuid files";
}

/** Whether a command holds all of these, each behind the one before. One expression for all would take the cube of a hostile text's length. */
function holdsInOrder(command: string, ...parts: readonly RegExp[]): boolean {
  let rest = command;
  for (const part of parts) {
    const found = part.exec(rest);
    if (found === null) return false;
    rest = rest.slice(found.index + found[0].length);
  }
  return true;
}

function* unpinnedBases(all: readonly Instruction[]): Iterable<Found> {
  const stages = new Set(all.flatMap(({ word, rest }) => (word === "FROM" ? (stageName(rest) ?? []) : [])));
  for (const { word, rest } of all) {
    const base = stageBase(rest);
    if (word !== "FROM" || base === "scratch" || base.includes("$") || stages.has(base.toLowerCase())) continue;
    const { pinned, tag } = parseImage(base);
    if (!pinned && isFloating(tag)) yield `be built from a base with a version (${base})`;
  }
}

export const dockerfile: Rule = {
  id: "IMG-004",
  name: "dockerfile",
  title: "The Dockerfile builds something unsafe",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("4.1"), cis("4.2"), cis("4.6"), cis("4.8"), cis("4.9"), cis("4.10")],
  remediation: "Change the Dockerfile.",
  reads: "the file that build.dockerfile names, where it can be read",
  kinds: imageKinds,
  *resource(image) {
    const build = buildOf(image);
    const inline = isRecord(build.dockerfile) ? text(build.dockerfile.inline) : undefined;
    const path = dockerfileOf(image);
    const source = inline ?? (path === undefined ? undefined : read(path));
    if (source === undefined) return;
    for (const fault of dockerfileFaults(source, text(build.target)?.toLowerCase())) {
      const sentence = (end: string) => `The image "${image.name}" must ${end}.`;
      yield typeof fault === "string" ? sentence(fault) : { ...fault, message: sentence(fault.message) };
    }
  },
};

/** A file that is not there is another machine's: there is nothing to judge. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
