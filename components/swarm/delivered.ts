import { createHash, scryptSync } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerLabels } from "../container-engine/object-labels.ts";
import type { Mount } from "../session-part.ts";

/** Files that Swarm itself brings to a service, as the provider takes them. */
export interface Delivered {
  readonly secrets: readonly {
    secretId: pulumi.Output<string>;
    secretName: string;
    fileName: string;
    fileUid: string;
    fileGid: string;
    fileMode: number;
  }[];
  readonly configs: readonly { configId: pulumi.Output<string>; configName: string; fileName: string; fileMode: number }[];
}

interface Receiver {
  /** The service's name. */
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Uid and gid of who reads them. */
  readonly user: readonly [uid: number, gid: number];
}

/** Swarm takes 64 characters. */
const longestName = 64;

/** What tells two contents apart in a name. */
const digits = 10;

/**
 * Secrets and files of a configuration among mounts. Swarm never changes what is in one, and gives up none that a service has: other
 * content is an object of another name, which the service takes before the old one goes, and which restarts that service alone.
 */
export function deliver(name: string, mounts: readonly Mount[], { service, labels, user }: Receiver, parent: pulumi.Resource): Delivered {
  // A service has the old one until it has the new one.
  const opts = { parent, deleteBeforeReplace: false };
  const [uid, gid] = user.map(String) as [string, string];
  const secrets = mounts.flatMap(({ source, target }) => {
    if (source.kind !== "secret") return [];
    return Object.entries(source.files.reveal()).map(([file, content]) => {
      const secretName = nameOf(`${service}-${source.name}`, secretDigest(`${service} ${source.name} ${file}`, content));
      const data = pulumi.secret(base64(content));
      const secret = new docker.Secret(
        `${name}-${source.name}-${stem(file)}`,
        { name: secretName, data, labels: dockerLabels(labels) },
        opts,
      );
      return { secretId: secret.id, secretName, fileName: `${target}/${file}`, fileUid: uid, fileGid: gid, fileMode: 0o400 };
    });
  });
  const configs = mounts.flatMap(({ source, target }) => {
    if (source.kind !== "files") return [];
    return Object.entries(source.files).map(([file, content]) => {
      const configName = nameOf(`${service}-${source.name}`, digest(`${file} ${content}`));
      const inputs = { name: configName, data: base64(content), labels: dockerLabels(labels) };
      const config = new docker.ServiceConfig(`${name}-${source.name}-${stem(file)}`, inputs, opts);
      return { configId: config.id, configName, fileName: `${target}/${file}`, fileMode: 0o444 };
    });
  });
  return { secrets, configs };
}

const base64 = (content: string) => Buffer.from(content).toString("base64");
const stem = (file: string) => file.replace(/[^a-zA-Z0-9]+/g, "-").replace(/^-/, "");
const nameOf = (what: string, content: string) => `${what.slice(0, longestName - digits - 1)}-${content}`;
const digest = (content: string) => createHash("sha256").update(content).digest("hex").slice(0, digits);

/**
 * Whoever sees a plan or a list of secrets sees their names: so that a short password cannot be found by trying, each try costs as
 * much as this, and many passwords have the same few digits. Two machines that deploy one stack come to the same name.
 */
function secretDigest(place: string, content: string): string {
  return scryptSync(content, `agent-sessions ${place}`, digits / 2, { N: 4096, r: 8, p: 1 }).toString("hex");
}
