/** Secrets in every place and form, and what only sounds like one. */
import { changed, deployment, resource, service } from "../fixtures.ts";
import { type Case, container, fargate, podContainer, rule, swarm, unknown } from "./case.ts";

const token = `sk_live_${"a1B2c3D4e5".repeat(3)}`;
const base64 = (words: string) => Buffer.from(words).toString("base64");
const configMap = (props: Record<string, unknown>) => resource("kubernetes:core/v1:ConfigMap", "x", props);
const annotated = (annotations: Record<string, string>) =>
  resource("kubernetes:core/v1:Service", "x", { metadata: { name: "x", annotations }, spec: { ports: [{ port: 80 }] } });
const serviceConfig = (content: string) => resource("docker:index/serviceConfig:ServiceConfig", "x", { data: base64(content) });
const provider = (kind: string, props: Record<string, unknown>) => resource(`pulumi:providers:${kind}`, "x", props);
const sealed = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
const kubeconfig = (user: Record<string, unknown>) =>
  JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [], users: [{ name: "me", user }] });
const login = { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "aws", args: ["eks", "get-token"] } };

export const cases: Case[] = [
  ...rule("CTR-026")
    .broken("PGPASSWORD", container({ envs: ["PGPASSWORD=hunter2"] }))
    .broken("REDISCLI_AUTH", swarm({ env: { REDISCLI_AUTH: "hunter2" } }))
    .broken("a key of Stripe under any name", podContainer({ env: [{ name: "X", value: token }] }), "critical")
    .broken("a connection string", fargate({ environment: [{ name: "DB", value: "Server=db;User Id=me;Password=hunter2;" }] }))
    .broken("registry log-ins", container({ envs: [`DOCKER_CONFIG_JSON={"auths":{"x":{"auth":"${base64("me:hunter2")}"}}}`] }), "critical")
    .clean(
      "what is about one",
      container({
        envs: ["SECRET_BACKEND=vault", "TOKEN_AUDIENCE=web", "TOKEN_LIFETIME=3600", "PASSWORD_HASHER=argon2", "SECRET_NAMESPACE=x"],
      }),
    )
    .clean("a reference", podContainer({ env: [{ name: "DB_PASSWORD", value: "vault:secret/data/db#password" }] })).cases,
  ...rule("CTR-027")
    .broken("an export in a command", container({ command: ["sh", "-c", "export DB_PASSWORD=hunter2; run"] }))
    .broken("an assignment before a command", podContainer({ command: ["sh", "-c", "PGPASSWORD=hunter2 psql"] }))
    .broken("a header", fargate({ command: ["sh", "-c", 'curl -H "Authorization: Bearer abcdefghijkl" x'] }))
    .broken("a log option", container({ logDriver: "splunk", logOpts: { "splunk-token": "hunter2" } }))
    .broken("Swarm, a log option", changed(service, { "taskSpec/logDriver": { name: "splunk", options: { "splunk-token": "hunter2" } } }))
    .broken("ECS, a log option", fargate({ logConfiguration: { logDriver: "splunk", options: { "splunk-token": "hunter2" } } }))
    .broken(
      "a volume of a mount",
      container({
        mounts: [{ type: "volume", target: "/x", volumeOptions: { driverOptions: { type: "cifs", o: "username=me,password=hunter2" } } }],
      }),
    )
    .broken("a config of Swarm", serviceConfig("[db]\npassword = hunter2\n"))
    .broken("a ConfigMap in base64", configMap({ binaryData: { "app.json": base64('{"password":"hunter2"}') } }))
    .broken("a file in a ConfigMap", configMap({ data: { "app.yaml": "db:\n  password: hunter2\n" } }))
    .broken("an annotation of any object", annotated({ "example.com/api-key": "hunter2" }))
    .broken("an annotation with a token", annotated({ note: token }))
    .clean("what names a secret", [
      annotated({
        "vault.hashicorp.com/agent-inject-secret-config": "secret/data/app",
        "secret.reloader.stakater.com/reload": "db-credentials",
        "nginx.ingress.kubernetes.io/auth-secret": "basic-auth",
        "checksum/secret": "0123456789abcdef".repeat(4),
      }),
      podContainer({ args: ["--tls-secret=web-tls", "--token-ttl=3600"] }),
      configMap({ data: { "app.yaml": "db:\n  password: ${DB_PASSWORD}\n  passwordSecretRef: db\n", TOKEN_TTL: "3600" } }),
    ])
    .clean("a variable in a command", container({ command: ["sh", "-c", 'export DB_PASSWORD="$(cat /run/secrets/db)"; run'] }))
    .clean("what a script reads when it runs", [
      container({ healthcheck: { tests: ["CMD-SHELL", 'mysqladmin ping --password="$(cat /run/secrets/db)" --silent'] } }),
      container({ command: ["sh", "-c", "psql --password '`cat /run/secrets/db`'; exec run"] }),
      container({ command: ["sh", "-c", 'login="$(curl --token $TOKEN)"; sh -c "run --api-key=$API_KEY"'] }),
      podContainer({ args: ['run --password="$$(cat /run/secrets/db)" --token=$${TOKEN}'] }),
    ])
    .broken("a password within quotes", container({ command: ["sh", "-c", 'sh -c "run --password=hunter2"'] }))
    .broken("a password with a space", container({ command: ["sh", "-c", 'run --password="hunter2 the second"'] }))
    .broken("a password inside a command's own command", container({ command: ["sh", "-c", 'x="$(run --password hunter2)"'] }))
    .clean("log options", [container({ logOpts: { "max-size": "10m", tag: "web" } }), changed(deployment, {})])
    .unknown(configMap({ data: { X: unknown } })).cases,
  ...rule("SEC-004")
    .broken("a Docker secret", resource("docker:index/secret:Secret", "x", { data: base64("hunter2") }))
    .clean("a sealed Docker secret", resource("docker:index/secret:Secret", "x", { data: sealed(base64("hunter2")) })).cases,
  ...rule("PRV-002")
    .broken("a token in a kubeconfig", provider("kubernetes", { kubeconfig: kubeconfig({ token: "hunter2" }) }))
    .broken("a key in a kubeconfig", provider("kubernetes", { kubeconfig: "users:\n- user:\n    client-key-data: aHVudGVyMg==\n" }))
    .broken("a password in a kubeconfig", provider("kubernetes", { kubeconfig: "users:\n- user:\n    password: hunter2\n" }))
    .broken("a registry of a builder", provider("docker-build", { registries: [{ address: "x", username: "me", password: "hunter2" }] }))
    .broken("another provider's token", provider("github", { token: "hunter2" }))
    .clean("a kubeconfig that asks for a token", provider("kubernetes", { kubeconfig: kubeconfig(login) }))
    .clean("a sealed kubeconfig", provider("kubernetes", { kubeconfig: sealed(kubeconfig({ token: "hunter2" })) }))
    .clean("sealed log-ins", provider("docker", { registryAuth: sealed([{ address: "x", password: "hunter2" }]) }))
    .clean("log-ins with a sealed password", provider("docker", { registryAuth: [{ address: "x", password: sealed("hunter2") }] }))
    .clean("a path", provider("kubernetes", { kubeconfig: "~/.kube/config" }))
    .advised("opened by an engine", { ...provider("kubernetes", { kubeconfig: kubeconfig({ token: "hunter2" }) }), secretsOpened: true })
    .cases,
];
