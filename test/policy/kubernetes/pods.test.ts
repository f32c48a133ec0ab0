import { describe, expect, test } from "vitest";
import { keysOf } from "../../../policy/rules/gen-004-ignored-changes.ts";
import { pod, podContainer } from "../cases/case.ts";
import { changed, clusterService, deployment, ingress, namespaceResource, resource, sessionContainer } from "../fixtures.ts";
import { object, violations } from "./found.ts";

/** What is said beyond what is said of a deployment without a network policy. */
const beyond = (...args: Parameters<typeof violations>) => violations(...args).filter((words) => !words.startsWith("K8S-012"));

describe("system calls", () => {
  const unset = { "securityContext/seccompProfile": undefined };
  const annotated = (annotations: Record<string, string>) => changed(pod(unset), { "spec/template/metadata/annotations": annotations });
  const dead = "seccomp.security.alpha.kubernetes.io/pod";

  test.each<[string, Record<string, string>, string]>([
    ["that nobody reads", { [dead]: "runtime/default" }, "CTR-016 medium"],
    ["that nobody reads, in an older form", { [dead]: "docker/default" }, "CTR-016 medium"],
    ["for the container", { "container.seccomp.security.alpha.kubernetes.io/agent": "runtime/default" }, "CTR-016 medium"],
    ["for a file", { [dead]: "localhost/x.json" }, "CTR-016 medium"],
    ["that turns it off", { [dead]: "unconfined" }, "CTR-016 high"],
  ])("are not filtered by an annotation %s", (_, annotations, found) => {
    expect(beyond(annotated(annotations))).toEqual([found]);
  });

  const allow = (names: string[], more = {}) => ({
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [{ names, action: "SCMP_ACT_ALLOW", ...more }],
  });
  test.each<[string, object, boolean]>([
    ["allows by default", { defaultAction: "SCMP_ACT_ALLOW" }, true],
    ["says nothing", {}, true],
    ["logs by default", { defaultAction: "SCMP_ACT_LOG" }, true],
    ["names what changes the kernel", allow(["read", "write", "init_module"]), true],
    ["names what changes the machine", allow(["read", "reboot"]), true],
    ["logs such calls", { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ name: "kexec_load", action: "SCMP_ACT_LOG" }] }, true],
    ["names what a program needs", allow(["read", "write", "clone"]), false],
    ["names such calls for a capability", allow(["reboot"], { includes: { caps: ["CAP_SYS_BOOT"] } }), false],
    ["denies such calls", { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: ["reboot"], action: "SCMP_ACT_ERRNO" }] }, false],
  ])("pass a profile that %s: as Docker's text and as an object", (_, profile, isFound) => {
    const docker = sessionContainer({ securityOpts: ["no-new-privileges:true", `seccomp=${JSON.stringify(profile)}`] });
    const operator = object("security-profiles-operator.x-k8s.io/v1beta1:SeccompProfile", { spec: profile });
    for (const one of [docker, operator]) expect(violations(one)).toEqual(isFound ? ["CTR-016 high"] : []);
  });
});

describe("a container that may run as root", () => {
  const over = (own: object, whole: object) =>
    changed(podContainer({ securityContext: { ...safe, ...own } }), {
      "spec/template/spec/securityContext": { seccompProfile: { type: "RuntimeDefault" }, ...whole },
    });
  const safe = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };

  test("over a pod that says otherwise", () => {
    expect(beyond(over({ runAsNonRoot: false }, { runAsNonRoot: true }))).toEqual(["CTR-007 high"]);
    expect(beyond(over({ runAsNonRoot: false }, { runAsNonRoot: true, runAsUser: 1000 }))).toEqual(["CTR-007 medium"]);
    expect(beyond(over({ runAsNonRoot: false, runAsUser: 1000 }, {}))).toEqual(["CTR-007 medium"]);
    expect(beyond(over({ runAsNonRoot: "false", runAsUser: 1000 }, { runAsNonRoot: true }))).toEqual(["CTR-007 medium"]);
    expect(beyond(over({ runAsNonRoot: true }, { runAsNonRoot: false, runAsUser: 1000 }))).toEqual([]);
    expect(beyond(over({}, { runAsNonRoot: true, runAsUser: 1000 }))).toEqual([]);
  });
});

describe("pods of Windows", () => {
  const bare = { "containers/0/securityContext": {}, securityContext: { runAsNonRoot: true } };

  test("lack what only Linux has", () => {
    expect(beyond(pod({ ...bare, os: { name: "windows" } }))).toEqual([]);
    expect(beyond(pod({ ...bare, nodeSelector: { "kubernetes.io/os": "windows" } }))).toEqual([]);
    expect(
      beyond(pod({ ...bare, os: { name: "windows" }, securityContext: { windowsOptions: { runAsUserName: "ContainerUser" } } })),
    ).toEqual([]);
    expect(beyond(pod({ ...bare, os: { name: "linux" } }))).toContain("CTR-002 high");
  });

  test("are held to all else", () => {
    const windows = { ...bare, os: { name: "windows" } };
    expect(beyond(pod({ ...windows, securityContext: {} }))).toEqual(["CTR-007 medium"]);
    expect(beyond(pod({ ...windows, securityContext: { windowsOptions: { runAsUserName: "ContainerAdministrator" } } }))).toEqual([
      "CTR-007 high",
    ]);
    expect(beyond(pod({ ...windows, "securityContext/windowsOptions": { hostProcess: true } }))).toEqual(["K8S-017 high"]);
    expect(beyond(pod({ ...windows, volumes: [{ name: "x", hostPath: { path: "C:\\" } }] }))).toEqual(
      expect.arrayContaining(["CTR-012 high", "K8S-005 high"]),
    );
  });
});

describe("volumes", () => {
  const volume = (source: object) => pod({ volumes: [{ name: "tmp", ...source }] });
  const boundless = { "containers/0/resources/limits/ephemeral-storage": undefined };

  test("that are null are none", () => {
    expect(beyond(volume({ hostPath: null, emptyDir: { sizeLimit: "1Gi" } }))).toEqual([]);
    expect(beyond(volume({ nfs: null, secret: { secretName: "x" } }))).toEqual([]);
    expect(beyond(volume({ gitRepo: null, configMap: { name: "x" } }))).toEqual([]);
    expect(beyond(volume({ hostPath: {} }))).toEqual(["K8S-005 high"]);
  });

  test("of scratch space are bounded by the limits of all containers", () => {
    expect(beyond(volume({ emptyDir: {} }))).toEqual([]);
    expect(beyond(volume({ emptyDir: { medium: "Memory" } }))).toEqual([]);
    expect(beyond(changed(volume({ emptyDir: {} }), under(boundless)))).toEqual(["CTR-024 low", "CTR-024 medium"]);
    expect(
      beyond(changed(volume({ emptyDir: { medium: "Memory" } }), under({ "containers/0/resources/limits/memory": undefined }))),
    ).toEqual(["CTR-021 medium", "CTR-024 medium"]);
    const beside = { name: "beside", image: "x", resources: {} };
    expect(beyond(changed(volume({ emptyDir: {} }), under({ initContainers: [beside] })))).toContain("CTR-024 medium");
  });

  test("of a claim may be raw devices, devices of the node may not be mounted", () => {
    expect(beyond(podContainer({ volumeDevices: [{ name: "repository", devicePath: "/dev/xvda" }] }))).toEqual([]);
    for (const hostPath of [
      { path: "/dev/sdb" },
      { path: "/dev/mapper/x" },
      { path: "/srv/disk", type: "BlockDevice" },
      { path: "/dev//kvm", type: "CharDevice" },
    ])
      expect(beyond(volume({ hostPath }))).toContain("CTR-015 high");
  });

  const under = (changes: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(changes).map(([path, value]) => [`spec/template/spec/${path}`, value]));
});

describe("tokens", () => {
  const token = (audience?: string) =>
    pod({
      volumes: [
        { name: "t", projected: { sources: [{ serviceAccountToken: { path: "t", ...(audience !== undefined && { audience }) } }] } },
      ],
    });

  test.each(["vault", "sts.amazonaws.com", "https://example.com"])("for %s are of no use in the cluster", (audience) => {
    expect(beyond(token(audience))).toEqual([]);
  });

  test.each([undefined, "", "api", "https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local"])(
    "for %s are",
    (audience) => {
      expect(beyond(token(audience))).toEqual(["K8S-003 medium"]);
    },
  );

  test("are for controllers that a setting names, with an account of their own", () => {
    const config = { "K8S-003": { controllers: ["alpha"] } };
    for (const mounts of [true, undefined]) {
      const controller = pod({ automountServiceAccountToken: mounts });
      expect(beyond(controller, config)).toEqual([]);
      expect(beyond(controller, { "K8S-003": { controllers: ["beta"] } })).toEqual(["K8S-003 medium"]);
      expect(beyond(changed(controller, { "spec/template/spec/serviceAccountName": "default" }), config)).toContain("K8S-003 medium");
    }
  });
});

test("settings of the kernel that became safe are, others are not", () => {
  const set = (name: string) => beyond(pod({ "securityContext/sysctls": [{ name, value: "1" }] }));
  for (const name of ["tcp_rmem", "tcp_wmem", "tcp_slow_start_after_idle", "tcp_notsent_lowat", "tcp_keepalive_time"])
    expect(set(`net.ipv4.${name}`)).toEqual([]);
  for (const name of ["net.ipv4.ip_forward", "net.ipv4.tcp_rmem_x", "kernel.msgmax", "net.core.somaxconn"])
    expect(set(name)).toEqual(["CTR-042 medium"]);
});

test("a user's namespace may be called kube- something, and is held to what others are", () => {
  const named = (name: string) =>
    violations(changed(namespaceResource, { "metadata/name": name, "metadata/labels": {} })).filter((words) => words.startsWith("K8S-002"));
  for (const name of ["kube-tools", "kube-systems", "kube-", "shop"]) expect(named(name)).toEqual(["K8S-002 medium"]);
  for (const name of ["kube-system", "kube-public", "kube-node-lease"]) expect(named(name)).toEqual([]);
});

describe("a limit on processes that a label asks for", () => {
  const labels = (by: string) => [
    { label: "created_by", value: by },
    { label: "pids_limit", value: "512" },
  ];
  const foreign = (props: object) => resource("docker:index/container:Container", "web", { ...sessionContainer().props, ...props });

  test("is set by this project's components alone", () => {
    expect(violations(sessionContainer())).toEqual([]);
    expect(violations(sessionContainer({ labels: labels("somebody") }))).toEqual(["CTR-023 medium"]);
    expect(violations(foreign({ labels: labels("agent-sessions") }))).toEqual(["CTR-023 medium"]);
    expect(violations(foreign({ labels: { created_by: "agent-sessions", pids_limit: "512" } }))).toContain("CTR-023 medium");
    expect(violations(foreign({ ulimits: [{ name: "nproc", soft: 64, hard: 64 }] }))).toEqual([]);
  });
});

describe("changes that are ignored", () => {
  const ignoring = (one: ReturnType<typeof resource>, ...ignoreChanges: string[]) =>
    violations({ ...one, ignoreChanges }).filter((words) => words.startsWith("GEN-004"));
  const group = resource("aws:ec2/securityGroupRule:SecurityGroupRule", "x", {});

  test.each<[string, ReturnType<typeof resource>, string]>([
    ["in brackets", sessionContainer(), '["privileged"]'],
    ["in brackets, with blanks", sessionContainer(), ' ["securityOpts"][0]'],
    ["of every item", sessionContainer(), "capabilities.adds[*]"],
    ["of sysctls", sessionContainer(), "sysctls"],
    ["of groups", sessionContainer(), "groupAdds"],
    ["of addresses", group, "cidrBlocks[0]"],
    ["of IPv6 addresses", group, '["ipv6CidrBlocks"]'],
    ["of a pod", deployment, 'spec["template"].spec.containers[0].securityContext'],
    ["of the image of a pod", deployment, "spec.template.spec.containers[0].image"],
    ["of a namespace's labels", namespaceResource, "metadata.labels"],
    ["of a namespace's one label", namespaceResource, 'metadata.labels["pod-security.kubernetes.io/enforce"]'],
    ["of all metadata", namespaceResource, '["metadata"]'],
    ["of an entrance's annotations", ingress, "metadata.annotations"],
  ])("%s decide", (_, one, path) => {
    expect(ignoring(one, path)).toEqual(["GEN-004 medium"]);
  });

  test.each<[string, ReturnType<typeof resource>, string]>([
    ["what a scaler sets", deployment, "spec.replicas"],
    ["the same in brackets", deployment, 'spec["replicas"]'],
    ["annotations", deployment, "metadata.annotations"],
    ["a namespace's other label", namespaceResource, "metadata.labels.team"],
    ["tags", group, "tags"],
    ["an address that the cluster gives", clusterService, "spec.clusterIP"],
  ])("%s do not", (_, one, path) => {
    expect(ignoring(one, path)).toEqual([]);
  });

  test("stand in paths of every spelling", () => {
    expect(keysOf('a.b[0]["c.d"].e')).toEqual(["a", "b", "0", "c.d", "e"]);
    expect(keysOf("['a'][*]")).toEqual(["a", "*"]);
    expect(keysOf("*")).toEqual(["*"]);
  });
});

describe("entrances", () => {
  const gateway = (...listeners: object[]) => object("gateway.networking.k8s.io/v1:Gateway", { spec: { listeners } }, "gate");
  const route = (spec: object) =>
    object("gateway.networking.k8s.io/v1:HTTPRoute", { spec: { parentRefs: [{ name: "gate" }], ...spec } }, "route");
  const [http, https] = [
    { name: "http", protocol: "HTTP", port: 80 },
    { name: "https", protocol: "HTTPS", port: 443 },
  ];
  const onward = { filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }] };
  const annotated = (annotations: object) => changed(ingress, { "spec/tls": undefined, "metadata/annotations": annotations });

  test.each<[string, ReturnType<typeof object>[]]>([
    ["a gateway", [gateway(http)]],
    [
      "a route on the plain listener",
      [gateway(http, https), route({ rules: [{ backendRefs: [{}] }], parentRefs: [{ name: "gate", sectionName: "http" }] })],
    ],
    [
      "a route that sends on without TLS",
      [gateway(http, https), route({ rules: [{ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "http" } }] }] })],
    ],
    ["a route that sends some on", [gateway(http, https), route({ rules: [onward, { backendRefs: [{}] }] })]],
    ["a route on all listeners", [gateway(http, https), route({ rules: [{ backendRefs: [{}] }] })]],
    ["a route of OpenShift", [object("route.openshift.io/v1:Route", { spec: { host: "x" } })]],
    [
      "such a route that allows plain requests too",
      [object("route.openshift.io/v1:Route", { spec: { tls: { termination: "edge", insecureEdgeTerminationPolicy: "Allow" } } })],
    ],
    ["a gateway of Istio", [object("networking.istio.io/v1:Gateway", { spec: { servers: [{ port: { protocol: "HTTP" } }] } })]],
    ["a route of Traefik", [object("traefik.io/v1alpha1:IngressRoute", { spec: { entryPoints: ["web"], routes: [] } })]],
    ["a proxy of Contour", [object("projectcontour.io/v1:HTTPProxy", { spec: { virtualhost: { fqdn: "x" } } })]],
    ["an ingress", [annotated({ "cert-manager.io/cluster-issuer": "x" })]],
  ])("%s without TLS", (_, resources) => {
    expect(violations(resources)).toEqual(["K8S-023 medium"]);
  });

  test.each<[string, ReturnType<typeof object>[]]>([
    ["a gateway that sends on", [gateway(http, https), route({ rules: [onward], parentRefs: [{ name: "gate", sectionName: "http" }] })]],
    [
      "a route on the listener with TLS",
      [gateway(http, https), route({ rules: [{}], parentRefs: [{ name: "gate", sectionName: "https" }] })],
    ],
    ["a gateway with TLS", [gateway(https), route({ rules: [{}] })]],
    [
      "a gateway whose load balancer has the certificate",
      [changed(gateway(http), { "metadata/annotations": { "networking.gke.io/certmap": "x" } })],
    ],
    ["a route of OpenShift", [object("route.openshift.io/v1:Route", { spec: { tls: { termination: "edge" } } })]],
    [
      "a gateway of Istio that sends on",
      [object("networking.istio.io/v1:Gateway", { spec: { servers: [{ port: { protocol: "HTTP" }, tls: { httpsRedirect: true } }] } })],
    ],
    ["a route of Traefik", [object("traefik.io/v1alpha1:IngressRoute", { spec: { routes: [], tls: {} } })]],
    ["an ingress at ALB", [annotated({ "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:x" })]],
    ["an ingress at ALB that finds its certificate", [annotated({ "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]' })]],
    ["an ingress at GKE", [annotated({ "networking.gke.io/managed-certificates": "x" })]],
  ])("%s, with TLS", (_, resources) => {
    expect(violations(resources)).toEqual([]);
  });
});

describe("the name of a service", () => {
  const named = (externalName: string) =>
    violations(changed(clusterService, { "spec/type": "ExternalName", "spec/externalName": externalName }));

  test.each([
    "169.254.169.254",
    "metadata.google.internal",
    "169.254.169.254.nip.io",
    "localhost",
    "127.0.0.1",
    "kubernetes.default.svc.cluster.local",
  ])("must not lead to %s", (name) => {
    expect(named(name)).toEqual(["K8S-030 high", "K8S-030 medium"]);
  });

  test("leads to pods", () => {
    expect(named("db.example.com")).toEqual(["K8S-030 medium"]);
    expect(violations(changed(clusterService, { "spec/externalName": "" }))).toEqual([]);
  });

  test("has no address of the node or of a metadata service", () => {
    const slice = (address: string) => violations(object("discovery.k8s.io/v1:EndpointSlice", { endpoints: [{ addresses: [address] }] }));
    const endpoints = (ip: string) => violations(object("core/v1:Endpoints", { subsets: [{ addresses: [{ ip }] }] }));
    for (const found of [slice, endpoints]) {
      for (const address of ["169.254.169.254", "127.0.0.1", "::1", "fd00:ec2::254"]) expect(found(address)).toEqual(["K8S-030 high"]);
      for (const address of ["10.1.2.3", "203.0.113.7", "2001:db8::1"]) expect(found(address)).toEqual([]);
    }
  });
});
