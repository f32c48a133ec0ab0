import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  type FilteredLogEvent,
  GetLogEventsCommand,
  type OutputLogEvent,
  paginateDescribeLogStreams,
  paginateFilterLogEvents,
  paginateGetLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { passOn } from "../../streams.ts";
import type { LogOptions } from "../runtime.ts";
import { FargateError, ignore } from "./answers.ts";
import type { FargateClient } from "./client.ts";

/** Where in CloudWatch Logs a container prints to. */
export interface LogPlace {
  readonly group: string;
  /** What the names of its streams begin with; a task's own ends with the task's id. */
  readonly streams: string;
  /** A pattern of those lines that count, where others print there too. @default all do */
  readonly filter?: string;
}

/** By what a container's definition says. @throws Error when it prints elsewhere */
export function logPlace(container: Pick<ContainerDefinition, "name" | "logConfiguration"> | undefined): LogPlace {
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix } = container?.logConfiguration?.options ?? {};
  if (group === undefined || prefix === undefined)
    throw new FargateError(`the task's container ${container?.name ?? ""} does not print to CloudWatch Logs; run up, which has it do so`);
  return { group, streams: `${prefix}/${container?.name}/` };
}

/** Milliseconds between two questions for what is new; CloudWatch shows a line some seconds after it was printed. */
const pause = 2000;

/** Milliseconds by which a line may come later than a younger one. */
const late = 30_000;

/** Passes on what was printed, the oldest first, also by tasks that have ended. Of a group that is not there nothing is passed on. */
export async function passLogs(client: FargateClient, place: LogPlace, options: LogOptions, output: Writable): Promise<void> {
  const { follow = false, tail, since, timestamps = false } = options;
  const begin = Math.max(Math.floor(Number(since ?? 0) * 1000), await startOf(client, place, tail));
  const text = ({ timestamp = 0, message = "" }: FilteredLogEvent) =>
    `${timestamps ? `${new Date(timestamp).toISOString()} ` : ""}${message.replace(/\n$/, "")}\n`;
  const passed = new Map<string, number>();
  let latest = begin;
  const pass = async (event: FilteredLogEvent) => {
    const { eventId = "", timestamp = 0 } = event;
    if (passed.has(eventId)) return;
    passed.set(eventId, timestamp);
    latest = Math.max(latest, timestamp);
    await passOn(output, text(event));
  };
  const first = await printedSince(client, place, begin);
  for (const event of tail === undefined ? first : first.slice(first.length - Math.min(tail, first.length))) await pass(event);
  for (const { eventId = "", timestamp = 0 } of first) passed.set(eventId, timestamp);
  while (follow && !output.destroyed) {
    await delay(pause);
    const from = Math.max(begin, latest - late);
    for (const event of await printedSince(client, place, from)) await pass(event);
    for (const [id, time] of passed) if (time < from) passed.delete(id);
  }
}

/** What was printed from a time on, in order. */
async function printedSince({ logs }: FargateClient, { group, streams, filter }: LogPlace, startTime: number): Promise<FilteredLogEvent[]> {
  const asked = {
    logGroupName: group,
    logStreamNamePrefix: streams,
    startTime,
    ...(filter !== undefined && { filterPattern: filter }),
  };
  const events: FilteredLogEvent[] = [];
  try {
    for await (const page of paginateFilterLogEvents({ client: logs }, asked)) events.push(...(page.events ?? []));
  } catch (error) {
    ignore("ResourceNotFoundException")(error);
  }
  return events.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
}

/** When the first of the last so many lines was printed; questions by time cannot count from the end. */
async function startOf({ logs }: FargateClient, { group, streams, filter }: LogPlace, tail: number | undefined): Promise<number> {
  if (tail === 0) return Date.now();
  // Of how many lines the last ones of a session are among others', nobody knows.
  if (tail === undefined || filter !== undefined) return 0;
  let left = tail;
  let first = Date.now();
  try {
    const asked = { logGroupName: group, orderBy: "LastEventTime", descending: true } as const;
    for await (const { logStreams = [] } of paginateDescribeLogStreams({ client: logs }, asked)) {
      for (const { logStreamName = "" } of logStreams.filter((stream) => stream.logStreamName?.startsWith(streams))) {
        const lines = await lastLines(logs, { group, stream: logStreamName, most: left });
        left -= lines.length;
        first = Math.min(first, ...lines.map(({ timestamp = first }) => timestamp));
        if (left <= 0) return first;
      }
    }
  } catch (error) {
    ignore("ResourceNotFoundException")(error);
  }
  return first;
}

/** Lines that are asked for at once, by the API reference of GetLogEvents. */
const mostLines = 10_000;

/** The last lines of one stream. */
export async function lastLines(
  logs: FargateClient["logs"],
  { group, stream, most }: { readonly group: string; readonly stream: string; readonly most: number },
): Promise<OutputLogEvent[]> {
  let lines: OutputLogEvent[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const limit = Math.min(most - lines.length, mostLines);
    const asked = {
      logGroupName: group,
      logStreamName: stream,
      startFromHead: false,
      limit,
      ...(nextToken !== undefined && { nextToken }),
    };
    const { events = [], nextBackwardToken } = await logs.send(new GetLogEventsCommand(asked));
    lines = [...events, ...lines];
    // At the beginning of a stream the token stays the same.
    if (lines.length >= most || nextBackwardToken === nextToken || nextBackwardToken === undefined) return lines;
    nextToken = nextBackwardToken;
  }
}

/** All lines of one stream; none of one that is not there yet. */
export async function allLines(
  logs: FargateClient["logs"],
  { group, stream }: { readonly group: string; readonly stream: string },
): Promise<readonly OutputLogEvent[]> {
  const lines: OutputLogEvent[] = [];
  const asked = { logGroupName: group, logStreamName: stream, startFromHead: true };
  try {
    for await (const { events = [] } of paginateGetLogEvents({ client: logs, stopOnSameToken: true }, asked)) lines.push(...events);
  } catch (error) {
    ignore("ResourceNotFoundException")(error);
  }
  return lines;
}
