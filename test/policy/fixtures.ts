import type { Resource } from "../../policy/evaluate.ts";

/** A session container as the local strategy registers it. */
export function sessionContainer(change: Record<string, unknown> = {}): Resource {
  return {
    urn: "urn:pulumi:local::agent-sessions::agent-sessions:docker:SessionContainer$docker:index/container:Container::alpha",
    type: "docker:index/container:Container",
    name: "alpha",
    props: {
      image: "sha256:4f0ce1a1f8c5a4c6f9c9b5d4f1b7a7f1c1a2b3c4d5e6f708192a3b4c5d6e7f80",
      entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/session"],
      readOnly: true,
      user: "1000:1000",
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      networkMode: "none",
      memory: 4096,
      memorySwap: 4096,
      cpus: "2",
      shmSize: 64,
      ulimits: [{ name: "nofile", soft: 4096, hard: 4096 }],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=536870912" },
      mounts: [
        { type: "bind", source: "/home/me/project", target: "/repos/project", readOnly: true },
        { type: "volume", source: "alpha-session", target: "/session" },
      ],
      labels: [
        { label: "session_id", value: "alpha" },
        { label: "created_by", value: "agent-sessions" },
        { label: "pids_limit", value: "512" },
      ],
      healthcheck: { tests: ["CMD", "/usr/local/bin/health"], interval: "30s", timeout: "10s", retries: 3 },
      restart: "always",
      logDriver: "json-file",
      logOpts: { "max-size": "50m", "max-file": "10" },
      ...change,
    },
  };
}
