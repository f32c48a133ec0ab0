import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import {
  type ApiConstructor,
  type ApiType,
  AppsV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
  NodeV1Api,
  StorageV1Api,
  VersionApi,
} from "@kubernetes/client-node";
import { nearest } from "../../near.ts";
import { explained } from "./answers.ts";

/** Where in which cluster a stack's sessions are. */
export interface ClusterPlace {
  /** Of the kubeconfig. Its current context is never used: another program may change it at any time. */
  readonly context: string;
  /** Absolute. @default the files of KUBECONFIG, then ~/.kube/config */
  readonly kubeconfig?: string;
  readonly namespace: string;
}

/** A cluster, as the user of a context may ask it. Every failure is a {@link ClusterError}. */
export class ClusterClient {
  readonly place: ClusterPlace;
  readonly config: KubeConfig;
  /** The API server's URL. */
  readonly server: string;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly networking: NetworkingV1Api;
  readonly storage: StorageV1Api;
  readonly node: NodeV1Api;
  readonly authorization: AuthorizationV1Api;
  readonly version: VersionApi;
  readonly custom: CustomObjectsApi;

  /** Asks nothing. @throws Error when the kubeconfig is not there or has no such context */
  constructor(place: ClusterPlace) {
    this.place = place;
    this.config = readKubeconfig(place);
    this.server = this.config.getCurrentCluster()?.server ?? "";
    const api = <Api extends ApiType>(kind: ApiConstructor<Api>): Api =>
      explained(this.config.makeApiClient(kind) as Api & object, { context: place.context, server: this.server });
    this.core = api(CoreV1Api);
    this.apps = api(AppsV1Api);
    this.batch = api(BatchV1Api);
    this.networking = api(NetworkingV1Api);
    this.storage = api(StorageV1Api);
    this.node = api(NodeV1Api);
    this.authorization = api(AuthorizationV1Api);
    this.version = api(VersionApi);
    this.custom = api(CustomObjectsApi);
  }

  get namespace(): string {
    return this.place.namespace;
  }
}

/** As people are told what is about to be changed where. */
export const placeText = ({ context, namespace }: ClusterPlace, server: string): string =>
  `Context ${context} (${server}), namespace ${namespace}.`;

const way = "name one by agent-sessions:kubernetes: {context: NAME}";

function readKubeconfig({ context, kubeconfig }: ClusterPlace): KubeConfig {
  const files = kubeconfigFiles(kubeconfig);
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0)
    throw new Error(
      `there is no kubeconfig at ${files.join(", ")}; name one by agent-sessions:kubernetes: {kubeconfig: PATH}, or set KUBECONFIG`,
    );
  const config = merged(there);
  const known = config.contexts.map(({ name }) => name).sort();
  if (!known.includes(context)) {
    const near = nearest(context, known);
    const meant = near === undefined ? "" : `; did you mean ${near}?`;
    throw new Error(
      `${there.join(", ")} has no context "${context}"${meant}; ${known.length === 0 ? "it has none" : `there is: ${known.join(", ")}`}; ${way}`,
    );
  }
  config.setCurrentContext(context);
  if (config.getCurrentCluster() === null)
    throw new Error(
      `the context "${context}" in ${there.join(", ")} names the cluster "${config.getContextObject(context)?.cluster}", which is not there; mend the kubeconfig, or ${way}`,
    );
  return config;
}

function kubeconfigFiles(named: string | undefined): readonly string[] {
  if (named !== undefined) return [named];
  const files = (process.env.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  return files.length > 0 ? files : [join(homedir(), ".kube", "config")];
}

/** Of things of one name the first file's holds, as with kubectl. */
function merged(files: readonly string[]): KubeConfig {
  const all = files.map(readFile);
  const config = new KubeConfig();
  const first = <Thing extends { readonly name: string }>(things: readonly Thing[]) =>
    things.filter(({ name }, index) => things.findIndex((thing) => thing.name === name) === index);
  config.loadFromOptions({
    clusters: first(all.flatMap(({ clusters }) => clusters)),
    users: first(all.flatMap(({ users }) => users)),
    contexts: first(all.flatMap(({ contexts }) => contexts)),
  });
  return config;
}

function readFile(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch {
    // The parser's own message quotes the lines, and a kubeconfig holds keys.
    throw new Error(`${file} cannot be read, or is no kubeconfig; name another by agent-sessions:kubernetes: {kubeconfig: PATH}`);
  }
  return config;
}
