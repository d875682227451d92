/**
 * Public streams: market data, to whoever has asked for it.
 *
 * The texts are made by the markets, once for all. What must stay true: a client hears the answer
 * to its subscription first, then what the topic looks like, then every change of it.
 */
import type { Category } from "../exchange-types.ts";
import type { MarketDirectory } from "../market-view.ts";
import type { Fields } from "../protocol/fields.ts";
import type { Command } from "../protocol/stream-replies.ts";
import type { StreamConnection, StreamHandler } from "./stream-connection.ts";

/** Bybit's: of spot in one request, and of the text of all arguments. */
const SPOT_TOPICS_PER_REQUEST = 10;
const ARGUMENT_CHARACTERS = 21_000;

export const topicsOf = (fields: Fields): string[] | undefined => {
  const topics = fields["args"];
  if (!Array.isArray(topics) || topics.length === 0) return undefined;
  let characters = 0;
  for (const topic of topics) {
    if (typeof topic !== "string") return undefined;
    characters += topic.length;
  }
  return characters > ARGUMENT_CHARACTERS ? undefined : topics;
};

export class PublicStreams implements StreamHandler {
  readonly #category: Category;
  readonly #directory: MarketDirectory;
  readonly #tick: () => void;
  readonly #listeners = new Map<string, Set<StreamConnection>>();

  constructor(category: Category, directory: MarketDirectory, tick: () => void) {
    this.#category = category;
    this.#directory = directory;
    this.#tick = tick;
  }

  listeners(topic: string): number {
    return this.#listeners.get(topic)?.size ?? 0;
  }

  tell(topic: string, text: string): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) return;
    const frame = listeners.size === 1 ? text : Buffer.from(text, "utf8");
    for (const connection of listeners) connection.send(frame);
  }

  command(connection: StreamConnection, command: Command, fields: Fields): void {
    if (command.op === "subscribe") return this.#subscribe(connection, command, fields);
    if (command.op === "unsubscribe") return this.#unsubscribe(connection, command, fields);
    connection.say(command, "error:invalid op");
  }

  closed(connection: StreamConnection): void {
    for (const topic of this.#listeners.keys()) this.#leave(connection, topic);
  }

  /** One wrong topic fails the whole request, and none of it is subscribed. */
  #subscribe(connection: StreamConnection, command: Command, fields: Fields): void {
    const topics = topicsOf(fields);
    if (topics === undefined) return connection.say(command, "Params Error");
    if (this.#category === "spot" && topics.length > SPOT_TOPICS_PER_REQUEST) {
      return connection.say(command, `args size >${SPOT_TOPICS_PER_REQUEST}`);
    }
    for (const topic of topics) {
      if (!this.#directory.hasTopic(this.#category, topic)) {
        return connection.say(command, `error:handler not found,topic:${topic}`);
      }
      if (this.#listeners.get(topic)?.has(connection) === true) {
        return connection.say(command, `error:already subscribed,topic:${topic}`);
      }
    }
    this.#tick();
    connection.say(command, undefined);
    for (const topic of new Set(topics)) this.#join(connection, topic);
  }

  #join(connection: StreamConnection, topic: string): void {
    const known = this.#listeners.get(topic);
    const listeners = known ?? new Set();
    if (known === undefined) {
      this.#listeners.set(topic, listeners);
      this.#directory.watch(this.#category, topic, true);
    }
    listeners.add(connection);
    const greeting = this.#directory.greeting(this.#category, topic);
    if (greeting !== undefined) connection.send(greeting);
  }

  #leave(connection: StreamConnection, topic: string): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined || !listeners.delete(connection) || listeners.size > 0) return;
    this.#listeners.delete(topic);
    this.#directory.watch(this.#category, topic, false);
  }

  #unsubscribe(connection: StreamConnection, command: Command, fields: Fields): void {
    const topics = topicsOf(fields);
    if (topics === undefined) return connection.say(command, "Params Error");
    for (const topic of topics) this.#leave(connection, topic);
    connection.say(command, undefined);
  }
}
