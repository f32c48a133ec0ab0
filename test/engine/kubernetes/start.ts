import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { addresses, context, hosts, inPlace, insideImage, nodeName, pluginsVariable } from "./place.ts";
import { startProgram } from "./programs.ts";

/** Runs a command and returns what it prints. @throws Error with what it complains of */
const sh = (line: string) => execFileSync("sh", ["-euc", line], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const program = (name: string) => inPlace("bin", name);
const writeJson = (path: string, value: unknown) => writeFileSync(path, JSON.stringify(value, undefined, 2));
const resolvedNames = Object.entries(hosts).map(([host, address]) => `${host}=${address}`);

/** The kubeconfig of one of the cluster's users. */
export const kubeconfigOf = (user: string) => inPlace(`${user}.kubeconfig`);

const admin = { name: "admin", groups: "system:masters" };
const users = [
  admin,
  { name: "system:kube-controller-manager", groups: "" },
  { name: "system:kube-scheduler", groups: "" },
  { name: "system:kube-proxy", groups: "" },
  { name: `system:node:${nodeName}`, groups: "system:nodes" },
];
export const adminKubeconfig = () => kubeconfigOf(admin.name);

/**
 * The node's network: the cluster's only link leads to a network namespace of its own, in which one host is the whole outside.
 * What the kubelet sets for the whole machine goes to files in the place of these settings.
 */
export function prepareNode(): void {
  for (const folder of ["/run/netns", "/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log"])
    sh(`mkdir -p ${folder}; mount -t tmpfs -o mode=0755 tmpfs ${folder}`);
  for (const [setting, value] of [
    ["vm/overcommit_memory", 1],
    ["vm/panic_on_oom", 0],
    ["kernel/panic", 10],
    ["kernel/panic_on_oops", 1],
  ] as const) {
    const file = inPlace(basename(setting));
    writeFileSync(file, `${value}\n`);
    sh(`mount --bind ${file} /proc/sys/${setting}`);
  }
  const { node, outside, listed, other, metadata, pods } = addresses;
  sh(`mount --make-rshared /
    ip link set lo up
    ip netns add outside
    ip link add name uplink type veth peer name inside netns outside
    ip address add ${node}/24 dev uplink
    ip link set uplink up
    ip route add default via ${outside}
    ip netns exec outside ip link set lo up
    ip netns exec outside ip address add ${outside}/24 dev inside
    for also in ${listed} ${other} ${metadata}; do ip netns exec outside ip address add $also/32 dev lo; done
    ip netns exec outside ip link set inside up
    ip netns exec outside ip route add ${pods} via ${node}
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6`);
  startProgram("outside-names", "ip", "netns", "exec", "outside", program("inside"), "names", ...resolvedNames);
  startProgram("outside-web", "ip", "netns", "exec", "outside", program("inside"), "web", ":80", "outside");
  startProgram("outside-web-443", "ip", "netns", "exec", "outside", program("inside"), "web", ":443", "outside");
}

/** etcd and the API server, and a kubeconfig for each user. */
export function startControlPlane(): void {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const certificates = inPlace("certificates");
  mkdirSync(certificates);
  writeFileSync(inPlace("service-accounts.key"), key.privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  const tokens = users.map((user) => ({ ...user, token: randomBytes(16).toString("hex") }));
  const rows = tokens.map(({ name, groups, token }) => `${token},${name},${name},"${groups}"\n`);
  writeFileSync(inPlace("tokens.csv"), rows.join(""), { mode: 0o600 });
  for (const { name, token } of tokens)
    writeJson(kubeconfigOf(name), {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: context, cluster: { server: addresses.apiServer, "certificate-authority": join(certificates, "apiserver.crt") } }],
      users: [{ name, user: { token } }],
      contexts: [{ name: context, context: { cluster: context, user: name } }],
      "current-context": context,
    });
  startProgram("etcd", "etcd", `--data-dir=${inPlace("etcd")}`, "--unsafe-no-fsync", "--log-level=warn");
  startProgram(
    "kube-apiserver",
    program("kube-apiserver"),
    "--etcd-servers=http://127.0.0.1:2379",
    `--advertise-address=${addresses.node}`,
    `--service-cluster-ip-range=${addresses.services}`,
    `--cert-dir=${certificates}`,
    `--token-auth-file=${inPlace("tokens.csv")}`,
    "--anonymous-auth=false",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    // What refuses such a pod is to be the namespace.
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${inPlace("service-accounts.key")}`,
    `--service-account-signing-key-file=${inPlace("service-accounts.key")}`,
    // Names of nodes resolve nowhere, and exec and logs go to the kubelet.
    "--kubelet-preferred-address-types=InternalIP",
  );
}

/** Controllers, scheduler, and what runs for every pod of the node. */
export function startControllers(): void {
  const { pods } = addresses;
  const as = (user: string) => `--kubeconfig=${kubeconfigOf(user)}`;
  startProgram(
    "kube-controller-manager",
    program("kube-controller-manager"),
    as("system:kube-controller-manager"),
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${inPlace("service-accounts.key")}`,
    `--root-ca-file=${inPlace("certificates/apiserver.crt")}`,
    "--leader-elect=false",
  );
  startProgram("kube-scheduler", program("kube-scheduler"), as("system:kube-scheduler"), "--leader-elect=false");
  startProgram(
    "kube-proxy",
    program("kube-proxy"),
    as("system:kube-proxy"),
    "--proxy-mode=nftables",
    `--cluster-cidr=${pods}`,
    `--hostname-override=${nodeName}`,
    "--conntrack-max-per-core=0",
    "--conntrack-tcp-timeout-established=0",
    "--conntrack-tcp-timeout-close-wait=0",
  );
  startProgram("policy-enforcer", program("policy-enforcer"), `--kubeconfig=${adminKubeconfig()}`, `--for=${pods}`);
  startProgram("volume-provisioner", program("volume-provisioner"), `--kubeconfig=${adminKubeconfig()}`, `--for=${inPlace("volumes")}`);
}

const containerdSocket = () => inPlace("containerd.sock");

/** The container runtime, and in it the one image that the cluster itself needs. */
export function startContainerd(): void {
  const [network, config] = [inPlace("network"), inPlace("containerd.toml")];
  mkdirSync(network);
  writeJson(join(network, "10-pods.conflist"), {
    cniVersion: "1.0.0",
    name: "pods",
    // Each pod's packets are routed by the node, so that none escapes its rules, as on a bridge.
    plugins: [
      { type: "ptp", ipMasq: false, ipam: { type: "host-local", ranges: [[{ subnet: addresses.pods }]], routes: [{ dst: "0.0.0.0/0" }] } },
    ],
  });
  writeFileSync(
    config,
    `version = 2
root = "${inPlace("containerd/root")}"
state = "${inPlace("containerd/state")}"
[grpc]
address = "${containerdSocket()}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${insideImage}"
# Root without CAP_SYS_RESOURCE may lower no process's score.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${process.env[pluginsVariable]}"
conf_dir = "${network}"
`,
  );
  startProgram("containerd", "containerd", "--config", config);
}

/** Imports images as `docker save` writes them from standard output of a shell line. */
export function importImages(line: string): void {
  sh(`${line} | ctr --address ${containerdSocket()} --namespace k8s.io images import -`);
}

/** The image of the cluster's own pods as `docker save` would write it. */
export function importInsideImage(): void {
  const folder = inPlace("image");
  mkdirSync(folder, { recursive: true });
  sh(`cd ${folder}; cp ${program("inside")} inside; tar -cf layer.tar inside; rm inside`);
  const digest = sh(`sha256sum < ${join(folder, "layer.tar")}`).slice(0, 64);
  writeJson(join(folder, "config.json"), {
    os: "linux",
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    config: { Entrypoint: ["/inside"], Cmd: ["pause"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  });
  writeJson(join(folder, "manifest.json"), [{ Config: "config.json", RepoTags: [insideImage], Layers: ["layer.tar"] }]);
  importImages(`tar -C ${folder} -cf - manifest.json config.json layer.tar`);
}

export function startKubelet(): void {
  const config = inPlace("kubelet.json");
  writeFileSync(inPlace("resolv.conf"), `nameserver ${addresses.outside}\n`);
  writeJson(config, {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${containerdSocket()}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${basename(inPlace())}`,
    failSwapOn: false,
    podPidsLimit: 512,
    seccompDefault: true,
    // Nobody but the cluster reaches it, and what a session may not do must fail by the network alone.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    clusterDNS: [addresses.names],
    clusterDomain: "cluster.local",
    resolvConf: inPlace("resolv.conf"),
    podLogsDir: inPlace("pod-logs"),
    volumePluginDir: inPlace("volume-plugins"),
    // How full the machine's disk is says nothing about the tests.
    evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
    imageGCHighThresholdPercent: 100,
    volumeStatsAggPeriod: "5s",
    // How soon a changed secret is in its volumes.
    syncFrequency: "5s",
  });
  startProgram(
    "kubelet",
    program("kubelet"),
    `--config=${config}`,
    `--kubeconfig=${kubeconfigOf(`system:node:${nodeName}`)}`,
    `--root-dir=${inPlace("kubelet")}`,
    `--cert-dir=${inPlace("kubelet-certificates")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  );
}
