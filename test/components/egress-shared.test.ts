import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { toRules } from "../../components/egress-proxy/rules.ts";
import { passwordOf, type SharedList, sharedProxy, shares, toLogins, toSharedRules } from "../../components/egress-proxy/shared.ts";
import { SecretReference } from "../../components/session-part.ts";

const key = new SecretReference("env KEY", () => "0123456789abcdef0123456789abcdef");
const web = { ports: [443], addresses: [] };
const one: SharedList = { sessionId: "one", allow: [{ host: "one.example", ...web }] };
const two: SharedList = { sessionId: "two", allow: [{ host: "two.example", ...web }] };
const lines = (lists: readonly SharedList[], ...more: Parameters<typeof toSharedRules> extends [unknown, ...infer Rest] ? Rest : never) =>
  toSharedRules(lists, ...more).split("\n");
const access = (all: readonly string[]) => all.filter((line) => line.startsWith("http_access "));

describe("the rules of a proxy that sessions share", () => {
  test("ask who it is before anything else, and hold each list for its own sessions", () => {
    const all = lines([two, one]);
    const signIn = all.filter((line) => line.startsWith("auth_param basic "));
    expect(signIn[0]).toBe("auth_param basic program /usr/local/bin/proxy-login");
    const rest = all.filter((line) => !signIn.includes(line)).map((line) => line.replace(/(?<=^acl barred\S* dst )\d.*/, "…"));
    expect(rest).toEqual([
      "max_filedescriptors 2560",
      "client_ip_max_connections 512",
      "acl signed proxy_auth REQUIRED",
      "http_access deny !signed",
      "acl of0 proxy_auth one",
      "acl of1 proxy_auth two",
      "acl tunnel method CONNECT",
      "acl web proto HTTP",
      "acl resolved dst all",
      "acl as_allowed annotate_transaction verdict=allowed",
      "acl as_audited annotate_transaction verdict=audited",
      "acl as_unlisted annotate_transaction verdict=unlisted",
      "acl as_address annotate_transaction verdict=address",
      "acl as_unresolved annotate_transaction verdict=unresolved",
      "deny_info 503:ERR_DNS_FAIL as_unresolved",
      "http_access deny !tunnel !web as_unlisted",
      "acl hosts0_0 dstdom_regex -n -i ^one\\.example$",
      "acl ports0_0 port 443",
      "acl barred0_0 dst …",
      "http_access allow of0 hosts0_0 ports0_0 resolved !barred0_0 as_allowed",
      "http_access deny of0 hosts0_0 ports0_0 resolved as_address",
      "http_access deny of0 hosts0_0 ports0_0 as_unresolved",
      "http_access deny of0 all as_unlisted",
      "acl hosts1_0 dstdom_regex -n -i ^two\\.example$",
      "acl ports1_0 port 443",
      "http_access allow of1 hosts1_0 ports1_0 resolved !barred0_0 as_allowed",
      "http_access deny of1 hosts1_0 ports1_0 resolved as_address",
      "http_access deny of1 hosts1_0 ports1_0 as_unresolved",
      "http_access deny of1 all as_unlisted",
    ]);
  });

  test("nothing is allowed that is not asked of one session's name", () => {
    const audit: SharedList = { sessionId: "three", allow: [], mode: "audit" };
    const parent = { host: "proxy.corp.example", port: 3128 };
    for (const all of [lines([one, two, audit]), lines([one, two, audit], parent)])
      expect(access(all).filter((line) => line.includes(" allow ") && !/ allow of\d+ /.test(line))).toEqual([]);
  });

  test("sessions with one list share its rules, and where a list's hosts come from makes no other one", () => {
    const same = { ...one, sessionId: "three", allow: [{ host: "one.example", ...web, sets: ["npm"] }] };
    const all = lines([one, same]);
    expect(all.filter((line) => line.startsWith("acl of"))).toEqual(["acl of0 proxy_auth one", "acl of0 proxy_auth three"]);
    expect(access(all)).toEqual(access(lines([one])));
  });

  test("another admission has barred addresses of its own", () => {
    const admitted = { sessionId: "three", allow: [{ host: "one.example", ports: [443], addresses: ["10.0.0.0/8"] }] };
    expect(lines([one, two, admitted]).filter((line) => line.startsWith("acl barred"))).toHaveLength(2);
  });

  test("a limit of what is received is one session's alone", () => {
    const slow = lines([one, { ...two, download: 1000 }]).filter((line) => /delay_|slow/.test(line));
    expect(slow).toEqual([
      "delay_pools 1",
      "acl slow1 proxy_auth two",
      "delay_class 1 1",
      "delay_parameters 1 1000/1000",
      "delay_access 1 allow slow1",
      "delay_access 1 deny all",
    ]);
  });

  test("each task of a pool has as many connections as a session of one task", () => {
    const all = lines([one, { ...two, tasks: 19 }]);
    expect(all.slice(0, 2)).toEqual(["max_filedescriptors 20992", "client_ip_max_connections 512"]);
    expect(sharedProxy({ lists: [one, { ...two, tasks: 19 }], image: "", key }).limits.openFiles).toBe(20_992);
  });

  test("the order in which sessions are described changes nothing", () => {
    expect(toSharedRules([one, two])).toBe(toSharedRules([two, one]));
  });

  test("each list says what it says in a proxy of its own", () => {
    const own = toRules(one).split("\n");
    const shared = lines([one]).map((line) => line.replaceAll(/(hosts|ports|barred)0_/g, "$1").replace(" of0 ", " "));
    expect(own.filter((line) => !shared.includes(line))).toEqual([]);
  });

  test.each([
    [1, 512, 1536],
    [10, 512, 10_752],
    [63, 512, 65_024],
    [100, 325, 65_535],
    [1000, 32, 65_535],
  ])("of %i tasks each has %i connections, in %i files", (tasks, connections, files) => {
    expect(shares(tasks)).toEqual({ connections, files });
    expect(2 * connections * tasks + 512).toBeLessThanOrEqual(files);
  });
});

test("lists that a task definition has no room for are refused, with the way out", () => {
  const lists = (count: number): SharedList[] =>
    Array.from({ length: count }, (_, index) => ({ sessionId: `s${index}`, allow: [{ host: `h${index}.example`, ...web }] }));
  const proxy = (count: number) => () => sharedProxy({ lists: lists(count), image: "proxy@sha256:0", key });
  expect(proxy(100)).not.toThrow();
  expect(proxy(300)).toThrow(/^the lists of 300 sessions take \d+ bytes, .* have sessions share lists/);
  const shared = lists(300).map((list) => ({ ...list, allow: one.allow }));
  expect(() => sharedProxy({ lists: shared, image: "proxy@sha256:0", key })).not.toThrow();
});

test("the proxy runs beside all sessions, reaches any host, and has no more files open than its sessions may use", () => {
  const proxy = sharedProxy({ lists: [one, two], image: "proxy@sha256:0", key });
  expect(proxy).toMatchObject({
    name: "egress-proxy",
    kind: "egress-proxy",
    runs: "beside",
    reaches: "any host",
    image: "proxy@sha256:0",
    program: ["/usr/local/bin/proxy-entrypoint"],
    limits: { memory: 2 * 1024 ** 3, cpu: 0.5, processes: 64, openFiles: shares(2).files },
  });
  expect(proxy.environment).toEqual({ EGRESS_RULES: toSharedRules([one, two]), EGRESS_LOGINS: toLogins([one, two], key) });
});

describe("the logins of a proxy that sessions share", () => {
  const password = (sessionId: string) => passwordOf(key, sessionId).reveal();

  test("are a line for each session with a hash, in which no password and no key is", () => {
    const text = toLogins([two, one], key);
    const digest = (sessionId: string) => createHash("sha256").update(password(sessionId)).digest("hex");
    expect(text).toBe(`one ${digest("one")}\ntwo ${digest("two")}`);
    for (const secret of [password("one"), password("two"), key.reveal()]) expect(text).not.toContain(secret);
  });

  test("passwords differ by session and by key, and are 256 bits that need no quoting", () => {
    const other = new SecretReference("env KEY", () => "fedcba9876543210fedcba9876543210");
    const all = [password("one"), password("two"), passwordOf(other, "one").reveal()];
    expect(new Set(all).size).toBe(3);
    for (const each of all) expect(each).toMatch(/^[0-9a-f]{64}$/);
  });
});
