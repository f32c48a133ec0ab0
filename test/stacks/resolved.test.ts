import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { machineReadsText } from "../../stacks/settings/machine-reads.ts";
import { parse, type Settings } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What was resolved stands in the place of what a machine says. */

const folder = temporaryFolder("resolved");
const ca = join(folder, "ca.pem");
writeFileSync(ca, "-----BEGIN CERTIFICATE-----\n");
writeFileSync(join(folder, ".npmrc"), "registry=https://mirror.corp.example:8443/\n");
mkdirSync(join(folder, "empty"));
const here = { home: folder, root: join(folder, "empty"), system: join(folder, "empty"), environment: { NODE_EXTRA_CA_CERTS: ca } };
const there = { ...here, home: join(folder, "empty"), environment: {} };

const described = {
  sessions: [{ id: "s", network: { egress: { allow: [{ set: "npm" }, "example.com"] } } }],
  egressSets: { npm: ["more.example"] },
};
const resolved = { base: "debian:12", caBundle: ca, egressSets: { npm: ["mirror.corp.example:8443"] } };
const asked = ({ sessions, image }: Settings) => ({ sessions, image });

test("a machine that says otherwise plans the same, each host by the set that it came from, and nothing is read", () => {
  const read = parse(described, here);
  expect(read.reads).toEqual([
    { what: "base", value: [] },
    { what: "caBundle", value: [ca] },
    { what: "egressSets.npm", value: ["mirror.corp.example:8443"] },
  ]);
  expect(asked(parse(described, there))).not.toEqual(asked(read));
  for (const machine of [here, there]) {
    const settings = parse({ ...described, resolved }, machine);
    expect([asked(settings), settings.reads]).toEqual([{ ...asked(read), image: { ...read.image, base: "debian:12" } }, []]);
  }
  expect(read.sessions[0]?.network.egress).toMatchObject({
    allow: [{ host: "mirror.corp.example", sets: ["npm"] }, { host: "more.example", sets: ["npm"] }, { host: "example.com" }],
  });
});

test("what a key says goes before what was resolved, and nothing is read for it", () => {
  const image = { base: "debian:11", caBundle: "none" };
  const settings = parse({ sessions: [{ id: "s" }], image, resolved }, here);
  expect([settings.image.base, settings.image.caBundle, settings.reads]).toEqual(["debian:11", undefined, []]);
  expect(parse({ sessions: [{ id: "s" }], resolved: { caBundle: "none" } }, here).image.caBundle).toBeUndefined();
});

test.each([
  [{ caBundle: "/nowhere/ca.pem" }, 'resolved.caBundle: "/nowhere/ca.pem" is not a file of PEM certificates;'],
  [
    { egressSets: { github: ["github.com:443"] } },
    'resolved.egressSets.github: ["github.com:443"] is no set of a package manager; remove it',
  ],
  [{ egressSets: { npm: [] } }, 'resolved.egressSets.npm: [] is empty; run "npx sessions resolve".'],
  [{ egressSets: { npm: ["*.com"] } }, 'resolved.egressSets.npm[0]: "*.com" would allow a whole top-level domain'],
  [{ set: {} }, "resolved.set: there is no such key; known here: base, caBundle, egressSets."],
])("%j is a mistake", (given, sentence) => {
  expect(() => parse({ ...described, resolved: given }, here)).toThrow(sentence);
});

test("what was read is told with its values, and a variable that is not set is not", () => {
  expect(machineReadsText([{ what: "caBundle", value: [] }], "s")).toBeUndefined();
  expect(machineReadsText(parse(described, here).reads, "s")).toBe(
    `Read from this machine, and maybe otherwise on another: the image to build upon (what this engine has); certificates (NODE_EXTRA_CA_CERTS: ${ca}); set npm (mirror.corp.example:8443). "npx sessions resolve --stack s" writes it into the stack file.`,
  );
});
