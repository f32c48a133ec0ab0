import { describe, expect, test } from "vitest";
import { localBase, stockBase } from "../../components/hardened-image/args.ts";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { emptyLive } from "../../stacks/embedded/live.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { officialImages } from "../../stacks/strategies/monitoring.ts";
import { knownSecrets } from "../../stacks/verify/known-secrets.ts";

/** What `single-node.monitoring` says, and what comes of it. */

const described = (monitoring: unknown, sessions: object[] = [{ id: "a" }], more: object = {}) => ({
  strategy: "single-node",
  "single-node": { monitoring, ...more },
  sessions,
});
const read = (...given: Parameters<typeof described>) => parse(described(...given), { root: "/nowhere", environment: {} });
const secret = { env: "MONITORING_TEST" };
const at = (key: string) => ({ key: `single-node.monitoring.${key}.secret`, from: "env", name: "MONITORING_TEST" });

function refusedWith(...given: Parameters<typeof described>): readonly string[] {
  try {
    read(...given);
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

const ports = { prometheus: 9090, grafana: 3000 };

describe("the setting", () => {
  test("is on unless it is switched off, and another strategy has none", () => {
    const usual = { ports, images: {}, grafana: true };
    expect(parse({ strategy: "single-node", sessions: [] }, { environment: {} }).monitoring).toEqual(usual);
    expect(read(true).monitoring).toEqual(usual);
    expect(read({}).monitoring).toEqual(usual);
    expect(read(false)).not.toHaveProperty("monitoring");
    expect(parse({ sessions: [] }, { environment: {} })).not.toHaveProperty("monitoring");
  });

  test("is read whole", () => {
    const given = {
      retention: "7d",
      ports: { grafana: 3001 },
      images: { grafana: "registry.corp.test/grafana:1" },
      grafana: { secret },
      email: { to: "team@corp.test", from: "alerts@corp.test", smarthost: "mail.corp.test:587", username: "alerts", secret },
      slack: { secret, channel: "#alerts" },
      webhook: { url: "https://hook.corp.test/x", secret },
      heartbeat: { url: "http://beat.corp.test" },
    };
    expect(read(given).monitoring).toEqual({
      retention: 604_800,
      ports: { ...ports, grafana: 3001 },
      images: { grafana: "registry.corp.test/grafana:1" },
      grafana: true,
      grafanaPassword: at("grafana"),
      email: {
        to: ["team@corp.test"],
        from: "alerts@corp.test",
        smarthost: "mail.corp.test:587",
        login: { username: "alerts", secret: at("email") },
      },
      slack: { secret: at("slack"), channel: "#alerts" },
      webhook: { url: "https://hook.corp.test/x", secret: at("webhook") },
      heartbeat: { url: "http://beat.corp.test" },
    });
  });

  test.each<[unknown, string]>([
    ["yes", 'single-node.monitoring: "yes" is not true, false or a set of options; see stacks/settings/REFERENCE.md.'],
    [{ retention: "12h" }, 'single-node.monitoring.retention: "12h" is less than a day; write a longer duration such as "7d".'],
    [
      { webhook: { url: "https://u:p@hook" } },
      'single-node.monitoring.webhook.url: "https://…@hook" is not the URL of a webhook; write one such as "https://alerts.corp.example/hook", without user and #.',
    ],
    [
      { heartbeat: { url: "http://hook:99999/x" } },
      'single-node.monitoring.heartbeat.url: "http://hook:99999/x" is no URL; look at its host and port, or write one such as "https://alerts.corp.example/hook".',
    ],
    [
      { email: { to: "team", from: "a@b", smarthost: "mail:587" } },
      'single-node.monitoring.email.to: "team" is not an address; write one such as "team@corp.example".',
    ],
    [
      { email: { to: [], from: "a@b", smarthost: "mail:587" } },
      "single-node.monitoring.email.to: [] is empty; write an address, or remove email.",
    ],
    [
      { email: { to: "a@b", from: "a@b", smarthost: "mail" } },
      'single-node.monitoring.email.smarthost: "mail" is not a host with its port; write one such as "mail.corp.example:587".',
    ],
    [
      { email: { to: "a@b", from: "a@b", smarthost: "mail:587", username: "u" } },
      'single-node.monitoring.email.username: "u" has no password; name where it is kept by secret, such as {env: NAME}.',
    ],
    [
      { email: { to: "a@b", from: "a@b", smarthost: "mail:587", secret } },
      "single-node.monitoring.email.secret: the value is nobody's; write the user's name as username.",
    ],
    [
      { images: { prometheus: "prom/prometheus" } },
      'single-node.monitoring.images.prometheus: "prom/prometheus" is not an image with its tag or digest; write one such as "registry.corp.example/prometheus:v3.5.0".',
    ],
    [
      { grafana: false, images: { grafana: "g:1" } },
      'single-node.monitoring.images.grafana: "g:1" is of a Grafana that is switched off; remove it, or grafana: false.',
    ],
    [
      { ports: { grafana: 9090 } },
      "single-node.monitoring.ports.grafana: 9090 is taken by prometheus too; write another port for one of them.",
    ],
    [
      { ports: { prometheus: 9464 } },
      "single-node.monitoring.ports.prometheus: 9464 is taken by the supervisor too; write another port for one of them.",
    ],
  ])("%j is refused", (given, sentence) => {
    expect(refusedWith(given)).toEqual([sentence]);
  });

  test("a port that a session publishes is taken", () => {
    const session = { id: "a", network: { egress: "open", ports: [{ container: 80, host: 3000 }] } };
    expect(refusedWith(true, [session])).toEqual([
      'single-node.monitoring.ports.grafana: 3000 is taken by session "a" too; write another port for one of them.',
    ]);
    expect(refusedWith({ grafana: false }, [session])).toEqual([]);
  });

  test.each([true, false])("so is one for the supervisor, with monitoring %j", (monitoring) => {
    const session = { id: "a", network: { egress: "open", ports: [{ container: 80, host: 9464 }] } };
    expect(refusedWith(monitoring, [session])).toEqual([
      'single-node.supervisor.port: 9464 is taken by session "a" too; write another port for one of them.',
    ]);
    expect(refusedWith(monitoring, [session], { supervisor: { port: 9465 } })).toEqual([]);
  });
});

describe("its secrets", () => {
  const given = { slack: { secret } };
  const readWith = async (monitoring: object, value: string) => {
    process.env.MONITORING_TEST = value;
    try {
      await new Secrets(noEncryptedConfig).read(read(monitoring));
      return [];
    } catch (error) {
      return (error as SettingsError).sentences;
    } finally {
      delete process.env.MONITORING_TEST;
    }
  };

  test.each([
    [
      given,
      "hooks.slack.test/x",
      "single-node.monitoring.slack.secret: env MONITORING_TEST is not the address of an incoming webhook; give the whole https:// address.",
    ],
    [
      { grafana: { secret } },
      "a\nb",
      "single-node.monitoring.grafana.secret: env MONITORING_TEST holds a line break or another control character; give the password alone.",
    ],
    [
      { webhook: { url: "https://x/", secret } },
      "a b",
      "single-node.monitoring.webhook.secret: env MONITORING_TEST holds blanks or line breaks, which no key has; give the key alone.",
    ],
  ])("%j: %j is refused", async (monitoring, value, sentence) => {
    expect(await readWith(monitoring, value)).toEqual([sentence]);
  });

  test("are read with the others, and no session may hold one", async () => {
    expect(await readWith(given, "https://hooks.slack.test/services/x")).toEqual([]);
    process.env.MONITORING_TEST = "https://hooks.slack.test/services/secret-part-of-it-0123456789";
    const known = await knownSecrets(read(given));
    delete process.env.MONITORING_TEST;
    expect([...known.foreign("a").values()]).toEqual(["env MONITORING_TEST"]);
  });
});

describe("the plan", () => {
  const planned = async (monitoring: unknown, base: string) => {
    const config = textConfig({
      config: Object.fromEntries(
        Object.entries({ ...described(monitoring), image: { agent: "none", base } }).map(([key, value]) => [
          `agent-sessions:${key}`,
          value,
        ]),
      ),
    });
    const engine = new EmbeddedEngine({ project: "agent-sessions", stack: "test", root: process.cwd(), config });
    const { plan, refusals } = await engine.plan(emptyLive(engine.identity));
    expect(refusals).toEqual([]);
    const names = (type: string) =>
      plan.run.registrations.filter((one) => one.type.endsWith(type)).map(({ inputs }) => String(inputs.imageName ?? inputs.name));
    const services = names(":Container")
      .filter((name) => /-(prometheus|alertmanager|grafana)$/.test(name))
      .sort();
    return { services, pulled: names(":RemoteImage"), built: names(":Image"), authority: plan.run.outputs.authority as string[] };
  };
  const named = (...services: string[]) => services.map((service) => `agent-sessions-test-${service}`);

  test("takes official images where a registry answers", async () => {
    const { services, pulled, built, authority } = await planned(true, stockBase);
    expect(services).toEqual(named("alertmanager", "grafana", "prometheus"));
    expect(pulled.sort()).toEqual(Object.values(officialImages).sort());
    expect(built.filter((name) => name.includes("monitoring"))).toEqual([]);
    expect(authority).toEqual(
      expect.arrayContaining(["prometheus: port 127.0.0.1:9090 to 9090/tcp", "grafana: port 127.0.0.1:3000 to 3000/tcp"]),
    );
  });

  test("takes Debian's packages, and no Grafana, where the base is made of them", async () => {
    const { services, pulled, built } = await planned(true, localBase);
    expect(services).toEqual(named("alertmanager", "prometheus"));
    expect(pulled).toEqual([]);
    expect(built).toEqual(expect.arrayContaining([expect.stringMatching(/^agent-sessions-monitoring:/)]));
  });

  test("takes the user's own images before either, and nothing where it is switched off", async () => {
    const images = { prometheus: "registry.corp.test/p:1", alertmanager: "registry.corp.test/a:1", grafana: "registry.corp.test/g:1" };
    const own = await planned({ images }, localBase);
    expect(own.pulled.sort()).toEqual(Object.values(images).sort());
    expect(own.built.filter((name) => name.includes("monitoring"))).toEqual([]);
    expect((await planned({ grafana: false }, stockBase)).services).toEqual(named("alertmanager", "prometheus"));
    expect((await planned(false, stockBase)).services).toEqual([]);
  });
});
