/** A web shop on plain Docker, as many a tutorial writes it. */
import type { Resource } from "../../../policy/evaluate.ts";
import { resource } from "../fixtures.ts";

export const dockerApp: readonly Resource[] = [
  resource("docker:index/network:Network", "shop", { name: "shop", driver: "bridge" }),
  resource("docker:index/volume:Volume", "data", { name: "shop-data" }),
  resource("docker:index/remoteImage:RemoteImage", "postgres", { name: "postgres:latest" }),
  resource("docker:index/image:Image", "web-image", {
    imageName: "shop/web",
    build: { context: "./no-such-folder", args: { NPM_TOKEN: "not-to-be-printed" } },
  }),
  resource("docker:index/container:Container", "database", {
    image: "postgres:latest",
    envs: ["POSTGRES_USER=shop", "POSTGRES_PASSWORD=not-to-be-printed"],
    networksAdvanced: [{ name: "shop" }],
    volumes: [{ volumeName: "shop-data", containerPath: "/var/lib/postgresql/data" }],
    restart: "unless-stopped",
  }),
  resource("docker:index/container:Container", "web", {
    image: "shop/web",
    envs: ["DATABASE_URL=postgres://shop:not-to-be-printed@database/shop"],
    networksAdvanced: [{ name: "shop" }],
    ports: [{ internal: 3000, external: 80 }],
    volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/var/run/docker.sock" }],
    capabilities: { adds: ["CAP_NET_ADMIN"] },
    restart: "always",
  }),
];

/** What is found at level local: rule, name of the resource, severity. */
export const dockerAppFindings = [
  "CTR-001 database medium",
  "CTR-001 web medium",
  "CTR-002 database high",
  "CTR-002 web high",
  "CTR-004 web high",
  "CTR-005 database medium",
  "CTR-005 web medium",
  "CTR-007 database medium",
  "CTR-007 web medium",
  "CTR-011 web critical",
  "CTR-013 web medium",
  "CTR-021 database medium",
  "CTR-021 web medium",
  "CTR-022 database low",
  "CTR-022 web low",
  "CTR-023 database medium",
  "CTR-023 web medium",
  "CTR-026 database high",
  "CTR-026 web high",
  "CTR-028 web high",
  "CTR-029 web low",
  "CTR-031 database medium",
  "CTR-031 web medium",
  "CTR-033 database high",
  "CTR-033 postgres high",
  "CTR-033 web high",
  "CTR-035 database medium",
  "CTR-035 web medium",
  "CTR-037 database low",
  "CTR-037 web low",
  "IMG-001 web-image high",
];
