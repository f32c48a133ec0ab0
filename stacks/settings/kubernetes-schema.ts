import { z } from "zod";
import { podSecurityVersion } from "../../components/namespace/args.ts";
import { secret } from "./credentials-schema.ts";
import { addresses } from "./network-schema.ts";
import { clusterName, count, cpu, duration, flag, label, size, text } from "./values.ts";

/** The form of the key `kubernetes`; what belongs together in it is judged in kubernetes.ts. */

/** The name of a label, with or without a domain before it. */
const labelName = z
  .string({ error: "is not the name of a label; write it in quotes" })
  .regex(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, {
    error: 'is not the name of a label; write one such as "kubernetes.io/hostname"',
  });

const labelValue = z.string({ error: "is not a text; write it in quotes" }).regex(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/, {
  error: "is not the value of a label; use at most 63 letters, digits, -, _ and .",
});

const image = (meaning: string) =>
  text(meaning).regex(/^[a-z0-9][\w.-]*(:\d+(?=\/))?(\/[a-z0-9][\w.-]*)*(:\w[\w.-]*)?(@sha256:[a-f0-9]{64})?$/i, {
    error: 'is not the name of an image; write one such as "registry.example/team/session@sha256:…"',
  });

export const kubernetes = z.strictObject({
  context: text("The context of the kubeconfig that names the cluster; commands refuse any other.").optional(),
  kubeconfig: text("The kubeconfig; when left out, what KUBECONFIG names, else ~/.kube/config.").optional(),
  namespace: label("The namespace of all objects of the stack; agent-sessions-<stack> when left out.", 63).optional(),
  images: z
    .strictObject({
      session: image("The sessions' image."),
      egressProxy: image("That of egress proxies, which sessions with an allow list need.").optional(),
    })
    .describe("Images that are there already, used as they are. When left out: they are built here and pushed to image.registry.")
    .optional(),
  pullSecret: secret.describe("The JSON by which nodes sign in at the registry, as ~/.docker/config.json has it.").optional(),
  storageClass: clusterName("The storage class of sessions' own claims; the cluster's when left out.").optional(),
  sharedStorageClass: clusterName(
    "A storage class whose claims many nodes read, for clones that sessions share. When left out each session clones for itself.",
  ).optional(),
  claims: z
    .strictObject({
      workspace: size("Size of the claim /workspace; 20 GB when left out.", "20 GB").prefault("20 GB"),
      session: size("Size of the claim /session; 5 GB when left out.", "5 GB").prefault("5 GB"),
      logs: size("Size of the claim /logs; 1 GB when left out.", "1 GB").prefault("1 GB"),
      repository: size("What the clone of a repository may hold; 10 GB when left out.", "10 GB").prefault("10 GB"),
    })
    .describe("What is asked of storage. A cluster lets a claim grow, where its class can, and never shrink.")
    .prefault({}),
  runtimeClassName: clusterName("A runtime of the nodes, such as gVisor's; the nodes' usual one when left out.").optional(),
  hostUsers: flag("false gives each pod users of its own, where nodes can. The cluster's choice when left out.").optional(),
  podSecurity: text(`The version of the Pod Security Standard restricted that the namespace enforces; ${podSecurityVersion} when left out.`)
    .regex(/^(v1\.\d+|latest)$/, { error: "is not a version of Kubernetes; write one such as v1.35" })
    .default(podSecurityVersion),
  quota: z
    .strictObject({
      pods: count("Pods.", 1, 1_000_000).optional(),
      memory: size("Memory of all pods together.", "64 GB").optional(),
      cpu: cpu("Processor time of all pods together.").optional(),
      disk: size("What all pods may write to their nodes' disks.", "20 GB").optional(),
      claims: count("Claims; any number when left out, as they outlive their sessions.", 1, 1_000_000).optional(),
      storage: size("All claims together; whatever they take when left out.", "500 GB").optional(),
    })
    .describe("What all that runs in the namespace may take. Figures that are left out follow from the sessions.")
    .optional(),
  monitoring: z
    .union([z.literal(false), z.enum(["configmap", "operator"])], { error: "is not configmap, operator or false" })
    .describe(
      "How the cluster's own Prometheus is told of the alerts: by a ConfigMap with a file of rules, or by a PrometheusRule, where Prometheus Operator is there; with false not at all. configmap when left out.",
    )
    .default("configmap"),
  seccompProfile: text(
    "A seccomp profile that lies on the nodes, as a path below the kubelet's folder for them; the runtime's own when left out.",
  )
    .regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/, { error: 'is not a path below the kubelet\'s folder; write one such as "profiles/agent.json"' })
    .optional(),
  spread: z
    .strictObject({
      over: labelName
        .describe("The label of nodes over whose values sessions are spread; kubernetes.io/hostname when left out.")
        .default("kubernetes.io/hostname"),
    })
    .describe("Over what sessions are spread.")
    .prefault({}),
  nodeSelector: z.record(labelName, labelValue).describe("Labels that a node must have to run sessions. None when left out.").optional(),
  networkPlugin: z
    .enum(["policies", "cilium", "eks"], { error: "is not a kind of network; write policies, cilium or eks" })
    .describe(
      "What the cluster's network heeds: network policies alone, or Cilium's, or those of Amazon EKS by names as well, by which it holds proxies to their lists a second time; policies when left out.",
    )
    .optional(),
  clusterAddresses: addresses(
    "Addresses of nodes and the API server that are public, or within others that are admitted: nothing of the stack reaches them.",
  ).optional(),
  companyAddresses: addresses(
    "Private addresses that clones, credential proxies and the way to a parent proxy may lead to; public ones alone when left out.",
  ).optional(),
  failureRecovery: z
    .strictObject({
      after: duration("How long pods stay bound to a node that does not answer; 60 s when left out.", "60 s").prefault("60 s"),
    })
    .describe("What becomes of pods whose node fails.")
    .prefault({}),
});
