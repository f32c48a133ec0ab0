import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority that signs certificates for servers and clients, in a folder of its own. */
export class Authority {
  readonly cert: string;
  readonly #folder: string;
  readonly #key: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    [this.cert, this.#key] = [join(folder, "ca.pem"), join(folder, "ca-key.pem")];
    openssl("req", "-x509", ...curve, "-days", "2", "-subj", "/CN=authority", "-keyout", this.#key, "-out", this.cert);
  }

  /** The same authority with a certificate that has ended. @returns its path */
  ended(): string {
    const path = join(this.#folder, "authority-ended.pem");
    openssl("x509", "-in", this.cert, "-signkey", this.#key, "-days", "-1", "-out", path);
    return path;
  }

  /**
   * Makes a certificate and its key.
   *
   * @param names of a server, such as `IP:192.0.2.1`; one of a client without any
   * @param days how long it holds; of a day in the past it has ended
   */
  issue(stem: string, names?: string, days = 2): { readonly cert: string; readonly key: string } {
    const [cert, key, request, extensions] = ["pem", "key", "csr", "ext"].map((end) => join(this.#folder, `${stem}.${end}`)) as [
      string,
      string,
      string,
      string,
    ];
    openssl("req", "-new", ...curve, "-subj", `/CN=${stem}`, "-keyout", key, "-out", request);
    writeFileSync(extensions, names === undefined ? "extendedKeyUsage=clientAuth\n" : `subjectAltName=${names}\n`);
    const signed = ["-CA", this.cert, "-CAkey", this.#key, "-CAcreateserial", "-days", String(days), "-extfile", extensions];
    openssl("x509", "-req", "-in", request, ...signed, "-out", cert);
    return { cert, key };
  }
}
