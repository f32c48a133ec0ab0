import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a module's text in a process of its own, and reads what it prints as JSON. */
function run<T>(text: string, late = "./stacks/late-packages.js"): T {
  const source = `import module from "node:module"; const loaded = (part) => Object.keys(module._cache).some((path) => path.includes(part)); ${text}`;
  const printed = execFileSync(process.execPath, ["--import", late, "--input-type=module", "-e", source], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return JSON.parse(printed) as T;
}

const put = [
  "/typescript/lib/",
  "/@npmcli/arborist/",
  "/ssh2/",
  "/@grpc/proto-loader/",
  "/protobufjs/",
  "/@grpc/grpc-js/",
  "/@opentelemetry/api/",
  "/normalize-package-data/",
  "/pulumi/automation/",
  "/pulumi/provider/",
  "/semver/",
  "/tar-fs/",
];

test("the SDK and the engine's client load without what only some of their functions need", () => {
  const load = `await import("@pulumi/pulumi"); await import("dockerode"); console.log(JSON.stringify(${JSON.stringify(put)}.map(loaded)))`;
  expect(run(load)).toEqual(put.map(() => false));
  // So they do load it, and it is found where it is looked for.
  expect(run(load, "node:fs")).toEqual(put.map(() => true));
});

test("what was put off is there when it is used", () => {
  const use = `
    const pulumi = await import("@pulumi/pulumi"); const { createRequire } = module;
    const base = 40;
    const { text } = await pulumi.runtime.serializeFunction((more) => base + more);
    const paths = await pulumi.runtime.computeCodePaths();
    const ssh = createRequire(createRequire(process.cwd() + "/x.js").resolve("dockerode"))("docker-modem");
    const client = new ssh({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" });
    const error = await new Promise((end) => client.dial({ method: "GET", path: "/_ping", statusCodes: { 200: true } }, end));
    const stack = pulumi.automation.fullyQualifiedStackName("of", "two", "words");
    const provider = typeof pulumi.provider.main;
    const gone = pulumi.isGrpcError({ code: 14 });
    for (const version of ["1.0.0", "2.0.0"]) pulumi.runtime.registerResourceModule("late", "index", { version, construct() {} });
    console.log(JSON.stringify({ stack, provider, gone, text: text.includes("base + more"), paths: paths.size > 0, error: error.code, loaded: ${JSON.stringify(put.slice(0, 3))}.map(loaded) }))`;
  expect(run(use)).toEqual({
    stack: "of/two/words",
    provider: "function",
    gone: true,
    text: true,
    paths: true,
    error: "ECONNREFUSED",
    loaded: [true, true, true],
  });
});

test("the policy pack loads its SDK the same way", () => {
  const load = `await import("./policy/late-packages.js"); await import("@pulumi/policy"); console.log(JSON.stringify([loaded("@pulumi/pulumi/index.js"), loaded("/typescript/lib/")]))`;
  expect(run(load, "node:fs")).toEqual([true, false]);
});

const quick = ["list", "top", "exec", "logs", "attach", "stop", "start", "egress"];

test.each([...quick, "diff", "pull"])("the command %s loads no SDK, and the form of settings only where it reads them", (command) => {
  const load = `
    const asked = [];
    module.registerHooks({ resolve: (specifier, context, next) => { asked.push(specifier); return next(specifier, context); } });
    const { write } = process.stdout;
    process.stdout.write = () => true;
    process.argv.push("sessions", "${command}", "--help");
    await import("./stacks/cli/main.ts");
    await import("./stacks/platforms/docker.ts");
    const onDocker = [loaded("@pulumi/"), asked.includes("zod"), loaded("/dockerode/"), asked.some((name) => /^@(kubernetes|aws-sdk)\\//.test(name))];
    await import("./stacks/runtime/kubernetes.ts");
    process.stdout.write = write;
    console.log(JSON.stringify([onDocker, [loaded("@pulumi/"), asked.includes("zod"), asked.includes("@kubernetes/client-node")]]))`;
  const reads = !quick.includes(command);
  expect(run(load)).toEqual([
    [false, reads, true, false],
    [false, reads, true],
  ]);
});
