import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { removeLeftBehind } from "../support/left-behind.ts";
import { liveEngine } from "./rig.ts";

const docker = await liveEngine();

describe.skipIf(docker === undefined)("what a run of the tests left on the engine", () => {
  const engine = docker as NonNullable<typeof docker>;
  const folder = mkdtempSync(join(tmpdir(), "notes-"));
  const name = (of: string) => `left-behind-${process.pid}-${of}`;
  const volumes = async () =>
    (await engine.listVolumes({ filters: { name: [name("")] } })).Volumes.map((volume) => volume.Name.replace(name(""), "")).sort();
  const make = (of: string) => engine.createVolume({ Name: name(of), Labels: { "agent-sessions.deployment": name(of) } });

  afterAll(async () => {
    for (const of of await volumes()) await engine.getVolume(name(of)).remove();
    rmSync(folder, { recursive: true });
  });

  test("is removed once it has ended, and nothing of a run that goes on, nor what no test has noted", async () => {
    for (const of of ["ended", "going-on", "somebody-s"]) await make(of);
    // No process has this number: Linux gives none above 2^22.
    writeFileSync(join(folder, "4194305"), `${name("ended")}\n`);
    writeFileSync(join(folder, String(process.pid)), `${name("going-on")}\n`);
    await removeLeftBehind(engine, folder);
    expect(await volumes()).toEqual(["going-on", "somebody-s"]);
    expect(readdirSync(folder)).toEqual([String(process.pid)]);
  });
});
