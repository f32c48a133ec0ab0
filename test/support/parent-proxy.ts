import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { Duplex } from "node:stream";

/** What a company's proxy was asked: `GET http://host/path` or `CONNECT host:port`, and how it was answered. */
export interface AskedOfParent {
  readonly request: string;
  readonly status: number;
}

/** An HTTP proxy that asks for a user and a password, keeps what it was asked, and takes tunnels to one server of this machine. */
export class ParentProxyServer {
  readonly asked: AskedOfParent[] = [];
  login: string;
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #tunnelsTo: number;
  readonly #server: Server;

  /** @param tunnelsTo the port where all tunnels end */
  constructor(login: string, answer: (request: IncomingMessage, response: ServerResponse) => void, tunnelsTo: number) {
    this.login = login;
    this.#answer = answer;
    this.#tunnelsTo = tunnelsTo;
    this.#server = createServer((request, response) => {
      if (this.#admits(request)) this.#answer(request, response);
      else response.writeHead(407, { "proxy-authenticate": 'Basic realm="corp"' }).end("no such user");
    });
    this.#server.on("connect", (request: IncomingMessage, client: Duplex) => this.#tunnel(request, client));
  }

  /** @returns its URL, by an address of this machine that containers reach */
  async listen(): Promise<string> {
    this.#server.listen(0, "0.0.0.0");
    await once(this.#server, "listening");
    const own = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    return `http://${own}:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #admits({ method, url, headers }: IncomingMessage): boolean {
    const entitled = headers["proxy-authorization"] === `Basic ${Buffer.from(this.login).toString("base64")}`;
    this.asked.push({ request: `${method} ${url}`, status: entitled ? 200 : 407 });
    return entitled;
  }

  #tunnel(request: IncomingMessage, client: Duplex): void {
    client.on("error", () => {});
    if (!this.#admits(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const server = connect(this.#tunnelsTo, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    server.on("error", () => client.destroy());
    client.on("close", () => server.destroy());
  }
}
