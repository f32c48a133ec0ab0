import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveEngine, Rig } from "./rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const minute = 60_000;

/** What the slim image has, each as somebody's work would use it, without a network. */
const work: readonly [what: string, line: string, output: string][] = [
  [
    "node: threads, processes, sockets, watches",
    `node -e '
      const { Worker } = require("worker_threads");
      const server = require("http").createServer((_, answer) => answer.end("served")).listen(0, "127.0.0.1", async () => {
        const datagrams = require("dgram").createSocket("udp4");
        await new Promise((bound) => datagrams.bind(0, bound));
        datagrams.setBroadcast(true);
        datagrams.close();
        require("fs").watch("/workspace", () => {}).close();
        await new Promise((ended) => new Worker("1", { eval: true }).on("exit", ended));
        const page = await (await fetch("http://127.0.0.1:" + server.address().port)).text();
        console.log(page, require("child_process").execSync("echo ran") + "", Object.keys(require("os").networkInterfaces())[0]);
        server.close();
      })'`,
    "served ran\n lo",
  ],
  [
    "node --inspect",
    `node --inspect=127.0.0.1:9333 -e 'fetch("http://127.0.0.1:9333/json/version").then((answer) => answer.json()).then((version) => {
      console.log(version.Browser.startsWith("node.js")); process.exit() })' 2>/dev/null`,
    "true",
  ],
  [
    "npm: pack, install, test",
    `mkdir -p n/dep n/app && cd n/dep && npm init -y >/dev/null && echo 'module.exports = 42' > index.js && npm pack >/dev/null 2>&1 &&
     cd ../app && npm init -y >/dev/null && npm install --offline ../dep/dep-1.0.0.tgz >/dev/null 2>&1 &&
     npm pkg set scripts.test='node -p "require(\\"dep\\")"' && npm test --silent`,
    "42",
  ],
  [
    "python: processes, subprocesses, a debugger",
    `cat > p.py <<'P'
import asyncio, multiprocessing, socket
def double(x): return 2 * x
async def say():
    process = await asyncio.create_subprocess_exec("echo", "said", stdout=-1)
    return (await process.communicate())[0]
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool: doubled = pool.map(double, [1, 2])
    ours, theirs = socket.socketpair()
    ours.send(b"x")
    print(doubled, asyncio.run(say()), theirs.recv(1))
P
     python3 p.py && printf 'b double\\nc\\nq\\n' | python3 -m pdb p.py | grep -c Breakpoint`,
    "[2, 4] b'said\\n' b'x'\n1",
  ],
  [
    "pip in an environment of its own",
    `python3 -m venv v && python3 -c '
import zipfile
with zipfile.ZipFile("one-1-py3-none-any.whl", "w") as wheel:
    wheel.writestr("one.py", "answer = 42")
    wheel.writestr("one-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: one\\nVersion: 1\\n")
    wheel.writestr("one-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("one-1.dist-info/RECORD", "")' && v/bin/pip install -q --no-index ./one-1-py3-none-any.whl && v/bin/python -c 'import one; print(one.answer)'`,
    "42",
  ],
  [
    "git: commit, clone, collect garbage",
    `git init -q g && cd g && git config user.name t && git config user.email t@localhost && echo x > x && git add . && git commit -qm first &&
     git gc -q && git clone -q file:///workspace/g ../h && git -C ../h fsck 2>/dev/null && git -C ../h log --format=%s`,
    "first",
  ],
  ["tmux", "tmux -L other new-session -d 'sleep 30' && tmux -L other list-sessions | grep -c windows && tmux -L other kill-server", "1"],
];

describe.skipIf(docker === undefined)("the seccomp profile", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "seccomp");
  const limits = { memory: "1 GB", cpu: 2, processes: 256, tmp: "16 MB" };

  beforeAll(async () => {
    const { health } = await rig.up([{ id: "s-work", limits }]);
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
  }, 2 * minute);
  afterAll(() => rig.dispose(), minute);

  test.each(work)("lets work go on: %s", async (_, line, output) => {
    expect(await rig.shell("s-work", `cd /workspace && ${line}`)).toEqual({ code: 0, output });
  });

  test("answers a program that asks for what it may do without as a kernel that has it not", async () => {
    const calls = { io_uring_setup: 425, process_vm_readv: 310, get_mempolicy: 239, cachestat: 451, "one that nobody has": 900 };
    const line = `python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for number in [${Object.values(calls)}]:
    libc.syscall(number, -1, -1, -1, -1, -1); print(ctypes.get_errno())'`;
    if (process.arch !== "x64") return void missing("the numbers of calls are those of x86-64");
    expect((await rig.shell("s-work", line)).output.split("\n")).toEqual(Object.keys(calls).map(() => "38"));
  });
});
