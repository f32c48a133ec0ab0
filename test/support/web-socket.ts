import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** One end of a web socket, as far as the imitation of an API server needs it: binary messages, each in a frame of its own. */
export interface ServerSocket {
  send(message: Buffer): void;
  onMessage(take: (message: Buffer) => void): void;
  onClose(take: () => void): void;
  close(): void;
}

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Takes a connection over to the first of the protocols that both sides know. */
export function acceptSocket(request: IncomingMessage, stream: Duplex, protocols: readonly string[]): ServerSocket {
  const wanted = (request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
  const protocol = protocols.find((one) => wanted.includes(one));
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${magic}`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  stream.write(`${[...lines, `Sec-WebSocket-Protocol: ${protocol}`].join("\r\n")}\r\n\r\n`);
  stream.on("error", () => {}).on("end", () => stream.end());
  let take: (message: Buffer) => void = () => {};
  let rest = Buffer.alloc(0);
  stream.on("data", (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    for (let frame = readFrame(rest); frame !== undefined; frame = readFrame(rest)) {
      rest = rest.subarray(frame.length);
      if (frame.opcode === 8) stream.end();
      else if (frame.opcode === 2) take(frame.payload);
    }
  });
  return {
    send: (message) => void stream.write(Buffer.concat([header(message.length), message])),
    onMessage: (given) => {
      take = given;
    },
    onClose: (given) => void stream.once("close", given),
    close: () => void stream.end(Buffer.of(0x88, 0)),
  };
}

function header(length: number): Buffer {
  if (length < 126) return Buffer.of(0x82, length);
  if (length < 65_536) return Buffer.of(0x82, 126, length >> 8, length & 255);
  const long = Buffer.alloc(10);
  long.writeUInt16BE(0x827f);
  long.writeBigUInt64BE(BigInt(length), 2);
  return long;
}

/** The first frame of what a client sent, which masks it; nothing while it is not whole. */
function readFrame(data: Buffer): { readonly opcode: number; readonly payload: Buffer; readonly length: number } | undefined {
  if (data.length < 2) return undefined;
  const [first = 0, second = 0] = data;
  const short = second & 127;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const at = 2 + extra + 4;
  if (data.length < at) return undefined;
  const size = extra === 0 ? short : extra === 2 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  if (data.length < at + size) return undefined;
  const mask = data.subarray(at - 4, at);
  const payload = Buffer.from(data.subarray(at, at + size).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return { opcode: first & 15, payload, length: at + size };
}
