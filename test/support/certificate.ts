import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate that signs itself, and its key, as files and as what is in them. */
export interface MadeCertificate {
  readonly paths: { readonly cert: string; readonly key: string };
  readonly cert: string;
  readonly key: string;
}

/** @param names such as `DNS:a.test,DNS:b.test` @param days how long it holds; of a day in the past it has ended */
export function certificateIn(folder: string, stem: string, names: string, days = 2): MadeCertificate {
  const [cert, key] = [join(folder, `${stem}.pem`), join(folder, `${stem}.key`)];
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`];
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    ...subject,
    "-keyout",
    key,
    "-out",
    cert,
  );
  // Of a request it takes no day in the past.
  if (days < 0) openssl("x509", "-in", cert, "-signkey", key, "-days", String(days), "-out", cert);
  return { paths: { cert, key }, cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
