import { request as plainRequest } from "node:http";
import { request } from "node:https";
import { checkServerIdentity, connect, type PeerCertificate, type SecureVersion } from "node:tls";

/** Where something serves over HTTP and TLS. */
export interface Place {
  readonly address: string;
  readonly http: number;
  readonly https: number;
}

export interface Asked {
  /** The host that is asked for, wherever its name leads. */
  readonly name: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without TLS. @default false */
  readonly plain?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly location?: string;
  readonly body: string;
}

/** Milliseconds until silence counts as no answer. */
const patience = 10_000;

/** Bytes of an answer that are read. */
const mostBytes = 64 * 1024;

/** Asks at a place, whoever signed its certificate. @throws Error when nobody answers */
export function askAt({ address, http, https }: Place, { name, path, headers = {}, plain = false }: Asked): Promise<Answered> {
  const options = { host: address, path, headers: { host: name, ...headers }, timeout: patience, agent: false };
  return new Promise((resolve, reject) => {
    const asked = plain
      ? plainRequest({ ...options, port: http })
      : request({ ...options, port: https, servername: name, rejectUnauthorized: false });
    asked
      .once("response", (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const { statusCode: status = 0, headers } = response;
        const done = () => {
          resolve({
            status,
            ...(headers.location !== undefined && { location: headers.location }),
            body: Buffer.concat(chunks).toString("utf8"),
          });
          response.destroy();
        };
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > mostBytes) done();
        });
        response.once("end", done).once("error", reject);
      })
      .once("timeout", () => asked.destroy(new Error(`${address} does not answer`)))
      .once("error", reject)
      .end();
  });
}

/** A certificate that was shown. */
export interface Shown {
  /** It is of the name that was asked for. */
  readonly of: boolean;
  readonly from: Date;
  readonly until: Date;
}

/** The certificate that a place shows for a name. @param most the newest TLS that is spoken @throws Error when there is no connection */
export function certificateAt(
  { address, https }: Pick<Place, "address" | "https">,
  name: string,
  most: SecureVersion = "TLSv1.3",
): Promise<Shown> {
  // What is no longer taken is not offered either unless it is asked for.
  const versions = { maxVersion: most, ...(most === "TLSv1.1" && { minVersion: most, ciphers: "DEFAULT@SECLEVEL=0" }) };
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: address, port: https, servername: name, rejectUnauthorized: false, timeout: patience, ...versions },
      () => {
        const certificate: PeerCertificate = socket.getPeerCertificate();
        socket.destroy();
        resolve({
          of: checkServerIdentity(name, certificate) === undefined,
          from: new Date(certificate.valid_from),
          until: new Date(certificate.valid_to),
        });
      },
    );
    socket.once("timeout", () => socket.destroy(new Error(`${address} does not answer`))).once("error", reject);
  });
}
