import { get as plainGet, type IncomingMessage } from "node:http";
import { get as secureGet, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { explain } from "./answers.ts";
import type { ClusterClient } from "./client.ts";

/**
 * Asks the API server for what the client library cannot give as a stream whose end and failure can be told apart, or by a path
 * that it would quote.
 *
 * @throws ClusterError as the library's own calls do
 */
export async function request(
  client: ClusterClient,
  path: string,
  query: URLSearchParams = new URLSearchParams(),
): Promise<IncomingMessage> {
  const { config, server, place } = client;
  const asked = { context: place.context, server };
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
    const url = new URL(`${server}${path}?${query}`);
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      (url.protocol === "https:" ? secureGet : plainGet)(url, options, resolve).once("error", reject),
    );
    if (response.statusCode === 200) return response;
    throw { code: response.statusCode, body: await text(response), message: "" };
  } catch (error) {
    throw explain(error, asked);
  }
}
