import { randomUUID } from "node:crypto";
import type * as net from "node:net";
import { expect, test, vi } from "vitest";
import { lock } from "../../stacks/lock.ts";

/** Connections that end as they do where the holder releases the lock before it has taken them. */
const refused = vi.hoisted(() => ({ left: 0 }));

vi.mock("node:net", async (original) => {
  const real = await original<typeof net>();
  const connect = (address: string) => {
    const socket = real.connect(address);
    if (refused.left > 0) {
      refused.left -= 1;
      socket.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    }
    return socket;
  };
  return { ...real, connect };
});

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

test("who waits goes on waiting where the lock changes hands again and again before it is asked who has it", async () => {
  const what = randomUUID();
  const release = await lock(what);
  refused.left = 10;
  const next = lock(what, () => {});
  await expect.poll(() => refused.left).toBe(0);
  release();
  (await next)();
});

test("who does not wait gives up where nobody can be asked", async () => {
  const what = randomUUID();
  const release = await lock(what);
  refused.left = 5;
  await expect(lock(what)).rejects.toThrow("another run is at work on this stack (it does not say who it is)");
  release();
});
