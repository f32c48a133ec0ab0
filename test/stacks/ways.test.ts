import { expect, test } from "vitest";
import { parentProxy } from "../../stacks/verify/checks/parent.ts";
import { noSurroundings } from "../../stacks/verify/run.ts";
import { readLook, type Ways } from "../../stacks/verify/ways.ts";

const end = (address: string, port: number) =>
  `${address
    .split(".")
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
const mapped = (address: string, port: number) => `0000000000000000FFFF0000${end(address, port)}`;
const said = (...rows: string[]) =>
  ["status 200", "parent 10.9.9.9", "session 172.20.0.2", "target 198.22.0.2:443", ...rows.map((row) => `tcp ${row}`)].join("\n");
const around = { port: 3128, judgesAll: true };
const out = "172.21.0.2";

test.each<[string, string[], string[]]>([
  ["nothing", [], []],
  ["the parent", [`${end(out, 40_000)} ${end("10.9.9.9", 3128)} 01`], []],
  ["the parent's address at another port", [`${end(out, 40_000)} ${end("10.9.9.9", 443)} 01`], ["10.9.9.9:443"]],
  ["another host", [`${end(out, 40_000)} ${end("198.22.0.2", 443)} 01`], ["198.22.0.2:443"]],
  ["another host that has not answered yet", [`${end(out, 40_000)} ${end("198.22.0.2", 443)} 02`], ["198.22.0.2:443"]],
  ["another host in IPv6's form", [`${mapped(out, 40_000)} ${mapped("198.22.0.2", 443)} 01`], ["198.22.0.2:443"]],
  ["a connection that has ended", [`${end(out, 40_000)} ${end("198.22.0.2", 443)} 06`], []],
  ["the session", [`${end("172.20.0.3", 3128)} ${end("172.20.0.2", 50_000)} 01`], []],
  ["the session's published port", [`${end("172.20.0.3", 41_000)} ${end("172.20.0.2", 8080)} 01`], []],
  ["itself", [`${end("127.0.0.1", 50_000)} ${end("127.0.0.1", 3128)} 01`], []],
  [
    "who comes to a published port",
    [`${end("0.0.0.0", 80)} ${end("0.0.0.0", 0)} 0A`, `${end(out, 80)} ${end("172.21.0.1", 50_000)} 01`],
    [],
  ],
])("a proxy that is connected to %s", (_, rows, astray) => {
  expect(readLook(said(...rows), around)).toEqual({ status: "200", astray });
});

test("where hosts are reached directly, only the tunnel's own end counts", () => {
  const rows = [end("198.22.0.9", 443), end("198.22.0.2", 443), end("198.22.0.2", 80)].map((far, at) => `${end(out, at)} ${far} 01`);
  expect(readLook(said(...rows), { ...around, judgesAll: false }).astray).toEqual(["198.22.0.2:443"]);
  expect(readLook("", around)).toEqual({ status: "", astray: [] });
});

const ways: Ways = { proxy: "egress-proxy", parent: "proxy:3128", target: "github.com:443", status: "200", astray: [] };
test.each<[Partial<Ways>, boolean | undefined, string]>([
  [{}, true, "github.com:443: 200"],
  [{ target: undefined, status: "" }, true, "no connection elsewhere"],
  [{ astray: ["1.2.3.4:443"] }, false, "the egress-proxy is connected to 1.2.3.4:443"],
  [{ status: "407" }, false, "proxy:3128 takes no such user and password as the egress-proxy has"],
  [{ status: "503" }, undefined, "github.com:443: 503"],
  [{ status: "" }, undefined, "github.com:443: no answer"],
])("of %j it is found %j: %s", (more, held, found) => {
  expect(parentProxy[0]?.expectation([{ ...ways, ...more }], {} as never, noSurroundings)).toEqual({ held, found });
});
