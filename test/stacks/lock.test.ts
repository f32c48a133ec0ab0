import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { lock } from "../../stacks/embedded/lock.ts";

test("a lock is had by one, who is named to the others, and by the next when it is released", async () => {
  const what = randomUUID();
  const release = await lock(what);
  const held = `another run is at work on this stack (process ${process.pid}); wait for it, or end it, and try again`;
  await expect(lock(what)).rejects.toThrow(held);
  release();
  (await lock(what))();
});

test("all who wait for a lock get it, one at a time, and are told once who has it", async () => {
  const what = randomUUID();
  const release = await lock(what);
  const told: string[] = [];
  let inside = 0;
  const all = [1, 2, 3].map(async () => {
    const leave = await lock(what, (holder) => told.push(holder));
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
    leave();
  });
  await expect.poll(() => told.length).toBe(3);
  release();
  await Promise.all(all);
  expect(told).toEqual(Array(3).fill(`process ${process.pid}`));
});
