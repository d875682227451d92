/**
 * Private stream: commands of clients that listen to an account.
 *
 * What must stay true: nothing of an account is told before its key has signed, and the core knows
 * at every moment how many connections guard it by disconnect protection. Whoever unsubscribes from
 * guarding has not been disconnected: that alone never sets the protection off.
 */
import type { ExchangeCore } from "../exchange-types.ts";
import type { Fields } from "../protocol/fields.ts";
import { privateTopic, type PrivateTopic } from "../protocol/private-topics.ts";
import type { Command } from "../protocol/stream-replies.ts";
import type { PrivateListener, PrivateStreams } from "./private-streams.ts";
import { topicsOf } from "./public-streams.ts";
import { type Key, type Keys, streamText } from "./signature.ts";
import type { StreamConnection, StreamHandler } from "./stream-connection.ts";

/** Why a stream's client could not prove who it is; undefined: it could. */
export type AuthenticationFailure = "parameters" | "key" | "signature";

/** `args`: key, when the signature ends (milliseconds), signature. */
export function authenticate(
  keys: Keys,
  fields: Fields,
  nowMs: number,
): { readonly key: Key } | { readonly failure: AuthenticationFailure } {
  const args = fields["args"];
  if (!Array.isArray(args) || args.length !== 3) return { failure: "parameters" };
  const [apiKey, ends, signature] = args as unknown[];
  const expires = typeof ends === "string" && /^\d{1,15}$/.test(ends) ? Number(ends) : ends;
  if (typeof apiKey !== "string" || typeof signature !== "string") return { failure: "parameters" };
  if (typeof expires !== "number" || !Number.isSafeInteger(expires) || expires <= nowMs) {
    return { failure: "parameters" };
  }
  const key = keys.find(apiKey);
  if (key === undefined) return { failure: "key" };
  return key.isSigned(streamText(expires), signature) ? { key } : { failure: "signature" };
}

const WORDS: Readonly<Record<AuthenticationFailure, string>> = {
  parameters: "Params Error",
  key: "API key is invalid.",
  signature: "error sign",
};

class Session implements PrivateListener {
  readonly topics = new Map<string, PrivateTopic>();
  readonly connection: StreamConnection;
  key: Key | undefined;

  constructor(connection: StreamConnection) {
    this.connection = connection;
  }

  send(text: string): void {
    this.connection.send(text);
  }

  get guards(): boolean {
    return this.topics.has("dcp.future");
  }
}

export class PrivateStream implements StreamHandler {
  readonly #core: ExchangeCore;
  readonly #streams: PrivateStreams;
  readonly #keys: Keys;
  readonly #nowMs: () => number;
  readonly #tick: () => void;
  readonly #sessions = new Map<StreamConnection, Session>();

  constructor(
    core: ExchangeCore,
    streams: PrivateStreams,
    keys: Keys,
    nowMs: () => number,
    tick: () => void,
  ) {
    this.#core = core;
    this.#streams = streams;
    this.#keys = keys;
    this.#nowMs = nowMs;
    this.#tick = tick;
  }

  listeners(topic: string): number {
    let count = 0;
    for (const { topics } of this.#sessions.values()) if (topics.has(topic)) count += 1;
    return count;
  }

  command(connection: StreamConnection, command: Command, fields: Fields): void {
    const session = this.#sessionOf(connection);
    if (command.op === "auth") return this.#authenticate(session, command, fields);
    if (command.op !== "subscribe" && command.op !== "unsubscribe") {
      return connection.say(command, "error:invalid op");
    }
    const { key } = session;
    if (key === undefined) return connection.say(command, "Request not authorized");
    const topics = topicsOf(fields);
    if (topics === undefined) return connection.say(command, "Params Error");
    // What has happened up to now is told under the topics of up to now.
    this.#tick();
    if (command.op === "subscribe") this.#subscribe(session, key, command, topics);
    else {
      this.#change(session, key, () => topics.forEach((topic) => session.topics.delete(topic)));
      connection.say(command, undefined);
    }
  }

  closed(connection: StreamConnection): void {
    const session = this.#sessions.get(connection);
    this.#sessions.delete(connection);
    if (session?.key === undefined) return;
    this.#streams.leave(session.key.account, session);
    if (session.guards) this.#countGuards(session.key.account);
  }

  #sessionOf(connection: StreamConnection): Session {
    const known = this.#sessions.get(connection);
    if (known !== undefined) return known;
    const made = new Session(connection);
    this.#sessions.set(connection, made);
    return made;
  }

  #authenticate(session: Session, command: Command, fields: Fields): void {
    const outcome = authenticate(this.#keys, fields, this.#nowMs());
    if ("failure" in outcome) return session.connection.say(command, WORDS[outcome.failure]);
    if (session.key !== undefined) return session.connection.say(command, "Repeat auth");
    session.key = outcome.key;
    session.connection.say(command, undefined);
  }

  #subscribe(session: Session, key: Key, command: Command, names: readonly string[]): void {
    const topics: PrivateTopic[] = [];
    for (const name of names) {
      const topic = privateTopic(name);
      if (topic === undefined) {
        return session.connection.say(command, `error:handler not found,topic:${name}`);
      }
      topics.push(topic);
    }
    session.connection.say(command, undefined);
    this.#change(session, key, () =>
      topics.forEach((topic) => session.topics.set(topic.name, topic)),
    );
  }

  #change(session: Session, key: Key, change: () => void): void {
    const guarded = session.guards;
    this.#streams.change(key.account, session, change);
    if (session.guards === guarded) return;
    // The last one that leaves by its own word is not counted down: its end arms nothing then.
    if (session.guards || this.#guards(key.account) > 0) this.#countGuards(key.account);
  }

  #guards(account: number): number {
    let open = 0;
    for (const session of this.#sessions.values()) {
      if (session.key?.account === account && session.guards) open += 1;
    }
    return open;
  }

  #countGuards(account: number): void {
    const open = this.#guards(account);
    this.#tick();
    this.#core.connectionsChanged(account, open);
  }
}
