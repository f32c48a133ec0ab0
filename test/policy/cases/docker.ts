import {
  builtImage,
  changed,
  cloneNetwork,
  dockerProvider,
  overlay,
  pulledImage,
  resource,
  sealedContainer,
  sealedNetwork,
  secretWriter,
  sessionContainer,
  sessionVolume,
} from "../fixtures.ts";
import { type Case, container, fargate, podContainer, rule, swarm, unknown } from "./case.ts";

const bridge = "com.docker.network.bridge";
const option = (network: typeof sealedNetwork, key: string, value: unknown) =>
  changed(network, { options: { ...(network.props.options as object), [`${bridge}.${key}`]: value } });
const shared = (session: string) => [
  { label: "session_id", value: session },
  { label: "created_by", value: "agent-sessions" },
  { label: "purpose", value: "session-egress" },
];
const image = (build: Record<string, unknown>) => changed(builtImage, { build });
const other = resource("docker:index/container:Container", "beta", {
  ...sessionContainer().props,
  networksAdvanced: [{ name: "alpha" }],
  networkMode: undefined,
  labels: [{ label: "session_id", value: "beta" }],
});
const groupNetwork = changed(option(sealedNetwork, "enable_icc", "true"), {
  labels: [
    { label: "group", value: "one" },
    { label: "purpose", value: "session-group" },
  ],
});
const inGroup = (name: string, group: string) =>
  changed(other, {
    labels: [
      { label: "session_id", value: name },
      { label: "group", value: group },
    ],
  });
const strangersNetwork = changed(sealedNetwork, { name: unknown, labels: unknown });
const dockerfile = (...lines: string[]) =>
  resource("docker-build:index:Image", "inline", {
    dockerfile: { inline: ["FROM node:24.1", "USER agent", "HEALTHCHECK CMD health", ...lines].join("\n") },
  });

export const cases: Case[] = [
  ...rule("NET-000")
    .broken("unsaid", option(sealedNetwork, "inhibit_ipv4", undefined))
    .broken("false", option(sealedNetwork, "inhibit_ipv4", "false"))
    .broken("a group's", option(groupNetwork, "inhibit_ipv4", undefined))
    .unknown(changed(sealedNetwork, { options: unknown })).cases,
  ...rule("NET-001")
    .broken("unsaid", option(cloneNetwork, "enable_icc", undefined))
    .broken("true", option(sealedNetwork, "enable_icc", "true"))
    .broken(
      "labelled, but not internal",
      changed(option(sealedNetwork, "enable_icc", "true"), { labels: shared("alpha"), internal: false }),
    )
    .broken("a group's, but not internal", changed(groupNetwork, { internal: false }))
    .broken("labelled, but the host is there", changed(sealedNetwork, { labels: shared("alpha"), options: {} }))
    .broken(
      "labelled for nobody",
      changed(option(sealedNetwork, "enable_icc", "true"), {
        labels: [
          { label: "purpose", value: "session-egress" },
          { label: "created_by", value: "agent-sessions" },
        ],
      }),
    )
    .advised("a stranger's", changed(cloneNetwork, { labels: [], options: undefined }))
    .unknown(changed(cloneNetwork, { options: unknown })).cases,
  ...rule("NET-002")
    .broken("open", changed(sealedNetwork, { internal: false }))
    .broken("open, with a proxy", changed(sealedNetwork, { internal: false, labels: shared("alpha") }), "high")
    .broken("a group's", changed(groupNetwork, { internal: false }), "high")
    .unknown(changed(sealedNetwork, { internal: unknown })).cases,
  ...rule("NET-003")
    .broken("unsaid", changed(overlay, { options: undefined }))
    .broken("false", changed(overlay, { options: { encrypted: "false" } }))
    .unknown(changed(overlay, { options: unknown })).cases,
  ...rule("NET-004")
    .broken("routed", option(sealedNetwork, "gateway_mode_ipv4", "routed"))
    .broken("unprotected", option(sealedNetwork, "gateway_mode_ipv6", "nat-unprotected"))
    .unknown(changed(sealedNetwork, { options: unknown })).cases,
  ...["macvlan", "ipvlan", "host"].flatMap(
    (driver) =>
      rule("NET-005")
        .broken(driver, changed(cloneNetwork, { driver }))
        .unknown(changed(cloneNetwork, { driver: unknown })).cases,
  ),
  ...rule("MON-001")
    .broken("sessions alone", sealedContainer, "low", { "MON-001": "advisory" })
    .finds({ at: ["stack"] })
    .clean(
      "with Prometheus beside them",
      [sealedContainer, changed(sealedContainer, { labels: [{ label: "kind", value: "prometheus" }] })],
      {
        "MON-001": "advisory",
      },
    )
    .clean("on a laptop", sealedContainer)
    .clean("no session", changed(sealedContainer, { labels: [{ label: "created_by", value: "agent-sessions" }] }), {
      "MON-001": "advisory",
    })
    .unknown(changed(sealedContainer, { labels: unknown }), { "MON-001": "advisory" })
    .finds({ at: ["stack"] }).cases,
  ...rule("NET-006")
    .broken("attachable", changed(overlay, { attachable: true }))
    .advised("a stranger's attachable", changed(overlay, { attachable: true, labels: [] }))
    .broken("another session's network", [sealedNetwork, sealedContainer, other])
    .finds({ at: ["Container beta"] })
    .broken("a stranger in it", [sealedNetwork, changed(other, { labels: [] })])
    .finds({ at: ["Container beta"] })
    .broken("a network outside the stack", [sealedContainer, other])
    .finds({ at: ["Container beta"] })
    .broken("another group's network", [
      changed(sealedNetwork, { labels: [{ label: "group", value: "one" }] }),
      changed(other, { labels: [{ label: "group", value: "two" }] }),
    ])
    .finds({ at: ["Container beta"] })
    .broken("a session of another group", [groupNetwork, inGroup("alpha", "one"), inGroup("beta", "two")])
    .finds({ at: ["Container beta"] })
    .broken("one of the group on a session's own network", [
      changed(sealedNetwork, { labels: [...shared("alpha"), { label: "group", value: "one" }] }),
      inGroup("alpha", "one"),
      inGroup("beta", "one"),
    ])
    .finds({ at: ["Container beta"] })
    .clean("a group", [groupNetwork, inGroup("alpha", "one"), inGroup("beta", "one")])
    .clean("a stranger's labels that are not known", [strangersNetwork, changed(other, { labels: unknown })])
    .unknown([sealedNetwork, changed(sealedContainer, { networksAdvanced: unknown })])
    .finds({ at: ["stack"] })
    .unknown([sealedNetwork, changed(other, { labels: unknown })])
    .finds({ at: ["stack"] }).cases,
  ...rule("NET-007")
    .broken("the engine's resolver", [sealedNetwork, changed(sealedContainer, { dns: undefined })])
    .finds({ at: ["Container alpha"] })
    .broken("one more", [sealedNetwork, changed(sealedContainer, { dns: ["127.0.0.1", "8.8.8.8"] })])
    .finds({ at: ["Container alpha"] })
    .clean("a stranger's labels that are not known", [strangersNetwork, changed(other, { labels: unknown })])
    .unknown([sealedNetwork, changed(sealedContainer, { dns: unknown })])
    .finds({ at: ["stack"] })
    .unknown([sealedNetwork, changed(other, { labels: unknown })])
    .finds({ at: ["stack"] }).cases,
  ...rule("VOL-001")
    .broken("a session's volume", changed(sessionVolume, { labels: [{ label: "session_id", value: "alpha" }] }))
    .broken("labels as a map", changed(sessionVolume, { labels: { session_id: "alpha" } }))
    .clean("a stranger's", changed(sessionVolume, { labels: undefined }))
    .clean("a stranger's with labels of its own", changed(sessionVolume, { labels: [{ label: "team", value: "web" }] }))
    .unknown(changed(sessionVolume, { labels: unknown })).cases,
  ...rule("VOL-002")
    .broken("tmpfs", container({ tmpfs: { "/session": "size=1m" } }))
    .broken("a volume in memory", [
      changed(sessionVolume, { driverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m" } }),
      sessionContainer(),
    ])
    .finds({ at: ["Container alpha"] })
    .unknown(container({ tmpfs: unknown })).cases,
  ...rule("VOL-003")
    .broken("Docker", container({ mounts: [{ type: "volume", source: "alpha-auth", target: "/auth" }] }))
    .broken("Docker, volumes", container({ volumes: [{ volumeName: "auth", containerPath: "/home/agent/.config/claude" }] }))
    .broken("a writer that starts", changed(secretWriter, { start: true }))
    .broken("Swarm", swarm({ mounts: [{ type: "volume", source: "x", target: "/home/agent//.config/claude/" }] }))
    .broken("Kubernetes", podContainer({ volumeMounts: [{ name: "auth", mountPath: "/root/.config/claude" }] }))
    .advised("Kubernetes, a folder of sessions", podContainer({ volumeMounts: [{ name: "auth", mountPath: "/auth" }] }))
    .advised("ECS, a folder of sessions", fargate({ mountPoints: [{ sourceVolume: "auth", containerPath: "/auth" }] }))
    .clean("a stranger's folder", container({ labels: [], mounts: [{ type: "volume", source: "x", target: "/auth" }] }))
    .unknown(container({ mounts: [{ type: "volume", source: "x", target: "/auth", readOnly: unknown }] })).cases,
  ...rule("VOL-004")
    .broken("NFS", changed(sessionVolume, { driverOpts: { type: "nfs", o: "addr=10.0.0.1,rw", device: ":/x" } }))
    .broken("CIFS", changed(sessionVolume, { driverOpts: { type: "cifs", o: "addr=10.0.0.1", device: "//x/y" } }))
    .unknown(changed(sessionVolume, { driverOpts: unknown })).cases,
  ...rule("VOL-005")
    .broken("Docker", container({ mounts: [{ type: "bind", source: "/home/me/project", target: "/repos/project" }] }))
    .advised("Kubernetes", podContainer({ volumeMounts: [{ name: "repository", mountPath: "/repos/project", readOnly: false }] }))
    .advised("ECS", fargate({ mountPoints: [{ sourceVolume: "x", containerPath: "/repos" }] }))
    .clean("a stranger's folder", container({ labels: [], mounts: [{ type: "volume", source: "x", target: "/repos" }] }))
    .unknown(container({ mounts: [{ type: "volume", source: "x", target: unknown }] })).cases,
  ...rule("IMG-001")
    .broken("a build argument", image({ context: "none", args: { NPM_TOKEN: "hunter2" } }))
    .broken(
      "a pulled image's build",
      changed(pulledImage, { build: { context: "none", buildArgs: { X: "ghp_abcdefghijklmnopqrstuvwx" } } }),
    )
    .broken("a password", changed(builtImage, { registry: { server: "x", username: "me", password: "hunter2" } }))
    .broken("a log-in", changed(pulledImage, { build: { context: "none", authConfigs: [{ hostName: "x", password: "hunter2" }] } }))
    .unknown(image({ context: "none", args: { X: unknown } })).cases,
  ...rule("IMG-002")
    .broken("the host's network", image({ context: "none", network: "host" }))
    .broken("a pulled image's build", changed(pulledImage, { build: { context: "none", networkMode: "host" } }))
    .broken("no protection", changed(pulledImage, { build: { context: "none", securityOpts: ["seccomp=unconfined"] } }))
    .unknown(image({ context: "none", network: unknown })).cases,
  ...rule("IMG-003")
    .broken("an unchecked registry", resource("docker:index/registryImage:RegistryImage", "x", { name: "x", insecureSkipVerify: true }))
    .broken("git without commit", image({ context: "https://github.com/x/y.git#main" }))
    .broken("http", image({ context: `http://example.com/x.git#${"a".repeat(40)}` }))
    .broken("a remote context", changed(pulledImage, { build: { context: ".", remoteContext: "https://example.com/x.tar.gz" } }))
    .unknown(image({ context: unknown })).cases,
  ...rule("IMG-004")
    .broken("root", dockerfile("USER root"))
    .broken("no user", resource("docker-build:index:Image", "inline", { dockerfile: { inline: "FROM node:24.1\nHEALTHCHECK CMD x" } }))
    .broken("sudo", dockerfile("RUN apt-get update && \\\n  apt-get install -y sudo"))
    .broken("the engine's client", dockerfile("RUN apt-get install -y docker.io"))
    .broken("a download into a shell", dockerfile("RUN curl -fsSL https://example.com/x | bash"))
    .broken("ADD of a URL", dockerfile("ADD https://example.com/x /x"))
    .broken("a secret", dockerfile("ENV API_KEY=hunter2"))
    .broken("setuid", dockerfile("RUN chmod 4755 /bin/x"))
    .broken("SSH", dockerfile("EXPOSE 80 22"))
    .broken(
      "an unpinned base",
      resource("docker-build:index:Image", "inline", {
        dockerfile: { inline: "FROM node\nUSER agent\nHEALTHCHECK CMD x" },
      }),
    )
    .broken(
      "no health check",
      resource("docker-build:index:Image", "inline", { dockerfile: { inline: "FROM node:24.1\nUSER agent" } }),
      "low",
    )
    .unknown(image({ context: "none", dockerfile: unknown })).cases,
  ...rule("IMG-005")
    .advised("no evidence", builtImage)
    .unknown(image(unknown as never)).cases,
  ...rule("PRV-001")
    .broken("tcp", changed(dockerProvider, { host: "tcp://10.0.0.1:2375" }))
    .broken("ssh to any host", changed(dockerProvider, { host: "ssh://me@host", sshOpts: ["-o", "StrictHostKeyChecking=no"] }))
    .broken("ssh in one word", changed(dockerProvider, { host: "ssh://me@host", sshOpts: ["-ostricthostkeychecking=off"] }))
    .broken("ssh in one option", changed(dockerProvider, { host: "ssh://me@host", sshOpts: ["-o StrictHostKeyChecking no"] }))
    .broken("ssh that forgets hosts", changed(dockerProvider, { host: "ssh://me@host", sshOpts: ["-o", "UserKnownHostsFile=/dev/null"] }))
    .clean("ssh", changed(dockerProvider, { host: "ssh://me@host", sshOpts: ["-o", "StrictHostKeyChecking=accept-new", "-p", "2222"] }))
    .broken("half a pair", changed(dockerProvider, { host: "TCP://10.0.0.1:2376", certMaterial: "x" }))
    .unknown(changed(dockerProvider, { host: unknown })).cases,
  ...rule("PRV-002")
    .broken("AWS", resource("pulumi:providers:aws", "x", { secretKey: "hunter2" }))
    .broken("Docker", changed(dockerProvider, { registryAuth: [{ address: "x", password: "hunter2" }] }))
    .broken("Docker, as text", changed(dockerProvider, { registryAuth: JSON.stringify([{ address: "x", password: "hunter2" }]) }))
    .unknown(resource("pulumi:providers:aws", "x", { accessKey: unknown })).cases,
];
