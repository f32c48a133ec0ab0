import { createSocket } from "node:dgram";
import { connect } from "node:net";

/** A port and the address at which its container has it. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/**
 * What became of a visit: somebody sent something; took the connection and kept it, silently; ended it without a word; refused it;
 * nobody answered; or there is no way there.
 */
export type Visit = "answered" | "kept" | "ended" | "refused" | "no answer" | "no way";

/** Visits all targets at once, in their order. It says nothing over TCP and a word over UDP. */
export function knock(targets: readonly Target[], seconds: number): Promise<Visit[]> {
  return Promise.all(targets.map((target) => (target.protocol === "tcp" ? visit(target, seconds) : send(target, seconds))));
}

function visit({ address, port }: Target, seconds: number): Promise<Visit> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let connected = false;
    const done = (outcome: Visit) => {
      clearTimeout(timer);
      resolve(outcome);
      socket.destroy();
    };
    const timer = setTimeout(() => done(connected ? "kept" : "no answer"), seconds * 1000);
    socket
      .once("connect", () => {
        connected = true;
      })
      .once("data", () => done("answered"))
      .once("end", () => done("ended"))
      .once("error", (error) => done(connected ? "ended" : failure(error)));
  });
}

function send({ address, port }: Target, seconds: number): Promise<Visit> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    let again: NodeJS.Timeout | undefined;
    const done = (outcome: Visit) => {
      clearTimeout(timer);
      clearInterval(again);
      resolve(outcome);
      socket.close();
    };
    const timer = setTimeout(() => done("no answer"), seconds * 1000);
    socket.once("message", () => done("answered")).once("error", (error) => done(failure(error)));
    socket.connect(port, address, () => {
      socket.send("verify");
      again = setInterval(() => socket.send("verify"), 500);
    });
  });
}

function failure(error: NodeJS.ErrnoException): Visit {
  if (error.code === "ECONNREFUSED") return "refused";
  return error.code === "ETIMEDOUT" ? "no answer" : "no way";
}
