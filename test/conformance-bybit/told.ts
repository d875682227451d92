/**
 * Told: what the streams of a running exchange said, message by message.
 *
 * An example is content with the one message that is most like it; here it is the other way round:
 * every message must look as some example of its topic does, or it is a fault.
 */
import type { Json } from "../clients/raw-client.ts";
import type { StreamExample } from "./examples.ts";
import { compare, type Enums } from "./shape.ts";

/** Fields of trades and orders that Bybit's tables give to contracts alone. */
const NOT_OF_SPOT = new Set(["L", "tpslMode", "createType"]);

export interface ToldTopic {
  readonly name: string;
  readonly messages: number;
  readonly faults: readonly string[];
}

/** @param nameOf names the kind of a message; undefined: it is not covered. */
export function judgeTold(
  messages: readonly Json[],
  examples: readonly StreamExample[],
  enums: Enums,
  nameOf: (message: Json) => string | undefined,
): ToldTopic[] {
  const shapes = Map.groupBy(examples, ({ message }) => nameOf(message));
  const told = Map.groupBy(messages, nameOf);
  const topics: ToldTopic[] = [];
  for (const [name, all] of told) {
    const like = name === undefined ? undefined : shapes.get(name);
    if (name === undefined || like === undefined) continue;
    const faults = all.flatMap((message) => leastFaults(message, like, enums));
    topics.push({ name, messages: all.length, faults: [...new Set(faults)] });
  }
  return topics;
}

function leastFaults(message: Json, examples: readonly StreamExample[], enums: Enums): string[] {
  let least: string[] | undefined;
  for (const example of examples) {
    const { faults } = compare(asFarAsTold(example.message, message), message, enums);
    if (faults.length === 0) return [];
    if (least === undefined || faults.length < least.length) least = faults;
  }
  return least ?? [];
}

/** A delta of a record tells what has changed: of the example that is what is compared. */
function asFarAsTold(example: Json, message: Json): Json {
  const { data } = message;
  if (message.type !== "delta" || data.symbol === undefined) return example;
  const named = Object.entries(example.data).filter(
    ([name]) => name === "symbol" || Object.hasOwn(data, name),
  );
  return { ...example, data: Object.fromEntries(named) };
}

/** An example of a contract as it would be of spot. */
export function asOfSpot(example: StreamExample): StreamExample {
  const { data } = example.message;
  if (!Array.isArray(data)) return example;
  const records = data.map((record: Json) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !NOT_OF_SPOT.has(name))),
  );
  return { ...example, message: { ...example.message, data: records } };
}
