import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

type Input = Readonly<Record<string, unknown>>;

/** What AWS answers when it refuses. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, message = "") {
    super(message);
    this.code = code;
  }
}

/** Answers the SDK's questions in JSON, as ECS and CloudWatch Logs are asked, by the name of the operation. */
export class AwsServer {
  /** By operation; one that is not here is refused. */
  answers: Record<string, (input: Input) => object> = {};
  /** What was asked, in order. */
  readonly asked: { readonly operation: string; readonly input: Input }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
      const input = JSON.parse((await text(request)) || "{}") as Input;
      this.asked.push({ operation, input });
      const [status, body] = this.#answer(operation, input);
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
    });
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number };
    return `http://127.0.0.1:${port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(operation: string, input: Input): [number, object] {
    const answer = this.answers[operation];
    try {
      if (answer === undefined) throw new Refused("AccessDeniedException", `nobody may ${operation} here`);
      return [200, answer(input)];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return [400, { __type: error.code, message: error.message }];
    }
  }
}

/** A server for all tests of a file, to which every client of AWS's leads that they make. */
export function awsServer(): AwsServer {
  const server = new AwsServer();
  beforeAll(async () => {
    await server.start();
    vi.stubEnv("AWS_ENDPOINT_URL", server.url);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "an example's");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  });
  afterEach(() => {
    server.answers = {};
    server.asked.length = 0;
  });
  afterAll(() => {
    server.close();
    vi.unstubAllEnvs();
  });
  return server;
}
