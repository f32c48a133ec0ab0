import { userInfo } from "node:os";
import { join } from "node:path";
import type { StackSource } from "../../configuration.ts";
import type { CleanupPolicy } from "../../settings.ts";

/** What finds the engine, where it is not on its usual socket. Nothing in them is secret. */
const engineVariables = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "XDG_RUNTIME_DIR"];

const usualSeconds = 600;

/** What it needs none of. */
const confinement = `PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`;

/** A systemd unit that keeps a stack clean as the user who asks for it, with no more rights than that takes. */
export function serviceUnit(
  { stack, root }: StackSource,
  policies: readonly CleanupPolicy[],
  { every = usualSeconds, policy = [] }: { readonly every?: number; readonly policy?: readonly string[] },
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { username } = userInfo();
  const folders = [...new Set(policies.flatMap(({ archive }) => archive?.folder ?? []))];
  const words = [
    process.execPath,
    "--import",
    join(root, "stacks/late-packages.js"),
    join(root, "stacks/cli/main.ts"),
    "cleanup",
    "--stack",
    stack,
    ...policy.flatMap((name) => ["--policy", name]),
    "--every",
    `${every}s`,
  ];
  const variables = engineVariables.flatMap((name) => (environment[name] === undefined ? [] : [`${name}=${environment[name]}`]));
  return `# Install it: npx sessions cleanup --stack ${stack} --print-unit > /etc/systemd/system/${unitName(stack)}
# then: systemctl daemon-reload && systemctl enable --now ${unitName(stack)}
${folders.map((folder) => `# The folder of archives has to be there, and to be ${username}'s: ${folder}\n`).join("")}[Unit]
Description=Clean-up of the agent sessions of stack ${escaped(stack)}
Wants=network-online.target
After=network-online.target docker.service

[Service]
Type=exec
User=${username}
WorkingDirectory=${escaped(root)}
ExecStart=${words.map(quoted).join(" ")}
${variables.map((variable) => `Environment=${quoted(variable)}\n`).join("")}Restart=always
RestartSec=30
# What is being archived is finished first.
TimeoutStopSec=10min
KillMode=mixed
UMask=0077
NoNewPrivileges=yes
# Reads whatever the checkout and the engine's socket belong to; may change nothing that is not named below.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
ProtectSystem=strict
ProtectHome=read-only
${folders.map((folder) => `ReadWritePaths=${quoted(folder)}\n`).join("")}${confinement}

[Install]
WantedBy=multi-user.target`;
}

const unitName = (stack: string): string => `agent-sessions-cleanup-${stack}.service`;

/** systemd's own marks in a text. */
const escaped = (text: string): string => text.replaceAll("%", "%%");

/** One word of a line. */
const quoted = (word: string): string => {
  const text = escaped(word).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("$", "$$$$");
  return /[\s"'\\]/.test(text) ? `"${text}"` : text;
};
