import { networkInterfaces } from "node:os";
import type { StackService, SessionRuntime } from "../runtime/runtime.ts";
import type { GatewaySetting } from "../settings/gateway.ts";
import type { Settings } from "../settings.ts";
import { type Asked, askAt, certificateAt, type Place, type Shown } from "./ask.ts";
import { type Finding, heldUnless } from "./check.ts";
import type { Target, Visit } from "./knock.ts";
import { knockFromOutside } from "./outsider.ts";
import type { Result, Verified } from "./run.ts";

/** What the gateway of a stack promises, tried from this machine and as a neighbour of it. */

type Gateway = Pick<GatewaySetting, "names">;

/** As people know it; no session is called so. */
const called = "the gateway";

/** A promise of the gateway's and how it is tried, at a place and by somebody who has neither token nor password. */
interface Trial {
  readonly id: string;
  promise(gateway: Gateway): string;
  readonly how: string;
  attempt(gateway: Gateway, place: Place): Promise<Finding>;
}

const health = /^\{"status":"healthy","timestamp":"[\w:+.-]+"\}$/;

/** What nobody is to be shown; among it what a gateway that takes a path apart might take for another one. */
const closed = ["/", "/grafana/", "/prometheus/api/v1/labels", "/alertmanager/api/v2/status", "/health/../prometheus/", "/verify"];
const forged = [{ authorization: "Bearer verify" }, { authorization: `Basic ${Buffer.from("verify:verify").toString("base64")}` }];

const trials: readonly Trial[] = [
  {
    id: "gateway-closed",
    promise: () => "nobody comes in without a token or a password, and is told no more than that it is well",
    how: `${closed.join(", ")} without either and with wrong ones; /health`,
    async attempt({ names: [name] }, place) {
      const asked: Asked[] = [...closed.map((path) => ({ name, path })), ...forged.map((headers) => ({ name, path: "/", headers }))];
      const [well, ...answers] = await Promise.all(
        [{ name, path: "/health" }, ...asked].map(async (one: Asked) => ({ ...one, ...(await askAt(place, one)) })),
      );
      if (well === undefined) throw new Error("nobody answers");
      const wrong = answers
        // Who asks too often is not let in either.
        .filter(({ status }) => status !== 401 && status !== 429)
        .map(({ path, headers, status }) => `${path}${headers === undefined ? "" : " with a wrong one"} is answered ${status}`);
      const talks = well.status === 200 && health.test(well.body) ? [] : [`/health is answered ${well.status}, ${well.body.length} bytes`];
      return heldUnless([...wrong, ...talks], "401");
    },
  },
  {
    id: "gateway-certificate",
    promise: ({ names }) => `a certificate of ${names.join(", ")}, and no TLS before 1.2`,
    how: "connect by each name, and with TLS 1.1",
    async attempt({ names }, place) {
      const shown = await Promise.all(names.map((name) => certificateAt(place, name)));
      const old = await certificateAt(place, names[0], "TLSv1.1").then(
        () => ["TLS 1.1 is taken"],
        () => [],
      );
      return heldUnless(
        [...shown.flatMap((one, index) => certificateFaults(one, names[index] as string)), ...old],
        `until ${shown[0]?.until.toISOString().slice(0, 10)}`,
      );
    },
  },
  {
    id: "gateway-redirect",
    promise: () => "what comes without TLS is sent to it, by a name of its own",
    how: "each name over HTTP, and one that is not its own",
    async attempt({ names }, place) {
      const asked = [...names.map((name) => [name, name] as const), ["verify.invalid", names[0]] as const];
      const answers = await Promise.all(asked.map(([name]) => askAt(place, { name, path: "/verify?a=b", plain: true })));
      const wrong = asked.flatMap(([name, to], index) => {
        const { status, location = "nowhere" } = answers[index] ?? {};
        return status === 301 && location === `https://${to}/verify?a=b` ? [] : [`${name} is answered ${status}, to ${location}`];
      });
      return heldUnless(wrong, "301");
    },
  },
];

function certificateFaults({ of, from, until }: Shown, name: string): string[] {
  const now = Date.now();
  return [
    ...(of ? [] : [`the one for ${name} is of another name`]),
    ...(until.getTime() < now ? [`the one for ${name} ended on ${until.toISOString()}`] : []),
    ...(from.getTime() > now ? [`the one for ${name} begins on ${from.toISOString()}`] : []),
  ];
}

/** Tries what can be tried over one connection. @param place where the gateway listens */
export async function tryGateway(gateway: Gateway, place: Place): Promise<Result[]> {
  return Promise.all(
    trials.map(async ({ id, promise, how, attempt }) => {
      const finding = await attempt(gateway, place).catch((error: Error) => ({ held: false, found: error.message }));
      return resultOf(id, promise(gateway), how, finding);
    }),
  );
}

const resultOf = (id: string, promise: string, attempt: string, { held, found }: Finding): Result => ({
  id,
  promise,
  attempt,
  verdict: held === undefined ? "not tried" : held ? "held" : "not held",
  found,
});

const doors = [80, 443];

/** What a neighbour visits: the gateway's ports, and of all else that serves the stack whatever it has open. */
export function visitsOf({ address }: Pick<GatewaySetting, "address">, services: readonly StackService[], own: readonly string[]) {
  const target = (at: string, port: number): Target => ({ address: at, port, protocol: "tcp" });
  const others = services.filter(({ name }) => name !== "gateway");
  return {
    entrance: own.filter((each) => address === "0.0.0.0" || each === address).flatMap((at) => doors.map((port) => target(at, port))),
    elsewhere: [
      ...others.flatMap(({ at }) => at.map(({ address, port }) => target(address, port))),
      ...own.flatMap((at) => others.flatMap(({ published = [] }) => published.map((port) => target(at, port)))),
      ...own.filter((each) => address !== "0.0.0.0" && each !== address).flatMap((at) => doors.map((port) => target(at, port))),
    ],
  };
}

const letIn: readonly Visit[] = ["answered", "kept"];

/** @param visits what became of them, those of the entrance first */
export function judgeVisits({ entrance, elsewhere }: ReturnType<typeof visitsOf>, visits: readonly Visit[]): Finding {
  const shown = ({ address, port }: Target) => `${address}:${port}`;
  const deaf = entrance.filter((_, index) => !letIn.includes(visits[index] ?? "no way"));
  const open = elsewhere.filter((_, index) => letIn.includes(visits[entrance.length + index] ?? "no way"));
  return heldUnless(
    [
      ...deaf.map((one) => `${shown(one)} does not answer (${visits[entrance.indexOf(one)]})`),
      ...open.map((one) => `${shown(one)} answers`),
    ],
    `${entrance.map(shown).join(", ")}, and none of ${elsewhere.length} others`,
  );
}

async function tryNeighbour(gateway: GatewaySetting, services: readonly StackService[]): Promise<Result> {
  const own = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).flatMap(({ address, family, internal }) => (internal || family !== "IPv4" ? [] : [address])),
  );
  const wanted = visitsOf(gateway, services, own);
  const visits =
    process.getuid?.() === 0
      ? await knockFromOutside([...wanted.entrance, ...wanted.elsewhere])
      : { notTried: "it takes root to stand in for a neighbour of this machine" };
  const finding = "notTried" in visits ? { held: undefined, found: visits.notTried } : judgeVisits(wanted, visits);
  const how = "as a neighbour on this machine's network: what serves the stack, at this machine's addresses and at the containers' own";
  return resultOf("gateway-alone", "nothing answers from elsewhere but ports 80 and 443", how, finding);
}

/** Puts what the gateway promises to the test. @returns nothing where there is none */
export async function verifyGateway(
  runtime: Pick<SessionRuntime, "isHere" | "services">,
  { gateway }: Settings,
): Promise<Verified | undefined> {
  if (gateway === undefined) return undefined;
  if (!(await runtime.isHere())) {
    const found = "the engine is on another machine, whose ports are not looked for";
    const all = [...trials.map(({ id, promise, how }) => [id, promise(gateway), how] as const)];
    return { session: called, results: all.map(([id, promise, how]) => resultOf(id, promise, how, { held: undefined, found })) };
  }
  const address = gateway.address === "0.0.0.0" ? "127.0.0.1" : gateway.address;
  const results = await tryGateway(gateway, { address, http: 80, https: 443 });
  return { session: called, results: [await tryNeighbour(gateway, await runtime.services()), ...results] };
}
