/**
 * Stream connection: one client of a stream, whichever stream it is.
 *
 * It reads commands, answers pings, and cuts whoever does not read what it asked for, sends frames
 * that are too large, or has fallen silent. What must stay true: no frame of a client can stop the
 * exchange, and a client that is cut can find out why from its close code.
 */
import { randomUUID } from "node:crypto";
import { type Fields, isFields } from "../protocol/fields.ts";
import {
  type Command,
  outcomeReply,
  pongReply,
  type StreamKind,
} from "../protocol/stream-replies.ts";
import type { WriteTurn } from "./write-turn.ts";

/** A client that lets this much pile up has stopped reading. */
const BACKLOG_LIMIT_BYTES = 16 << 20;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

export interface StreamServices {
  readonly turn: WriteTurn;
  readonly nowMs: () => number;
  /** Brings the exchange up to now: before anything is looked at. */
  readonly tick: () => void;
  readonly log: (line: string) => void;
  /** While true, nothing that clients say is taken in; it is handed over afterwards. */
  readonly hold: (resume: () => void) => boolean;
}

/** The way to one client. */
export interface StreamWire {
  /** Texts in order, as one piece. @returns how many bytes the client has not taken yet. */
  write(texts: readonly (string | Buffer)[]): number;
  /** False once it is closing: nothing may follow a closing frame, whoever sent it. */
  readonly isOpen: boolean;
  /** In order; the connection hears of its end. */
  close(code: number, reason: string): void;
  /** At once, as when the network fails. */
  cut(): void;
}

/** What a stream does with the commands that are its own. */
export interface StreamHandler {
  command(connection: StreamConnection, command: Command, fields: Fields): void;
  closed(connection: StreamConnection): void;
}

export class StreamConnection {
  readonly id = randomUUID();
  readonly kind: StreamKind;
  readonly #wire: StreamWire;
  readonly #services: StreamServices;
  readonly #handler: StreamHandler;
  readonly #silenceLimitMs: number;
  readonly #flush = (): void => this.#write();
  #texts: (string | Buffer)[] = [];
  #lastTrafficMs: number;
  #isOpen = true;

  constructor(
    kind: StreamKind,
    wire: StreamWire,
    services: StreamServices,
    handler: StreamHandler,
    silenceLimitMs: number,
  ) {
    this.kind = kind;
    this.#wire = wire;
    this.#services = services;
    this.#handler = handler;
    this.#silenceLimitMs = silenceLimitMs;
    this.#lastTrafficMs = services.nowMs();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A text that is encoded already is sent to many without encoding it anew. */
  send(text: string | Buffer): void {
    if (!this.#isOpen) return;
    if (this.#texts.push(text) === 1) this.#services.turn.flushLater(this.#flush);
  }

  say(command: Command, words: string | undefined): void {
    this.send(outcomeReply({ kind: this.kind, connection: this.id, command }, words));
  }

  /** At once, as when the network fails. */
  cut(): void {
    this.#wire.cut();
    this.ended();
  }

  close(code: number = GOING_AWAY, reason = ""): void {
    this.#write();
    this.#wire.close(code, reason);
  }

  /** Now and then, by a clock: whoever neither hears nor says anything is let go. */
  checkSilence(nowMs: number): void {
    if (nowMs - this.#lastTrafficMs <= this.#silenceLimitMs) return;
    this.close(POLICY_VIOLATION, "idle");
  }

  #write(): void {
    const texts = this.#texts;
    this.#texts = [];
    if (texts.length === 0 || !this.#wire.isOpen) return;
    const backlog = this.#wire.write(texts);
    this.#lastTrafficMs = this.#services.nowMs();
    if (backlog > BACKLOG_LIMIT_BYTES) {
      this.#services.log(`${this.kind} stream: cut a client that does not read`);
      this.cut();
    }
  }

  /** The client has gone, or was cut. */
  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handler.closed(this);
  }

  /** A message of the client; undefined: it was no text. */
  receive(text: string | undefined): void {
    if (!this.#isOpen) return;
    if (this.#services.hold(() => this.receive(text))) return;
    this.#lastTrafficMs = this.#services.nowMs();
    if (text === undefined) return this.#misunderstood("binary frame");
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch {
      return this.#misunderstood("not JSON");
    }
    if (!isFields(fields)) return this.#misunderstood("not an object");
    const op = fields["op"];
    const command = { op: typeof op === "string" ? op.slice(0, 50) : "", requestId: idOf(fields) };
    if (command.op === "ping") return this.#ping(command);
    this.#handler.command(this, command, fields);
  }

  #ping(command: Command): void {
    const reply = { kind: this.kind, connection: this.id, command };
    this.send(pongReply(reply, this.#services.nowMs()));
  }

  #misunderstood(why: string): void {
    this.say({ op: "", requestId: undefined }, `Failed to decode incoming data: ${why}`);
  }
}

/** The public and private streams write it with a line, the trade stream in camel case. */
function idOf(fields: Fields): string | undefined {
  const id = fields["req_id"] ?? fields["reqId"];
  if (typeof id === "number") return String(id);
  return typeof id === "string" ? id.slice(0, 100) : undefined;
}
