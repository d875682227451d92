/**
 * Stream connection: one client's WebSocket, of whichever stream.
 *
 * It reads commands, answers pings, and cuts whoever does not read what it asked for, sends frames
 * that are too large, or has fallen silent. What must stay true: no frame of a client can stop the
 * exchange, and a client that is cut can find out why from its close code.
 */
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { type Fields, isFields } from "../protocol/fields.ts";
import {
  type Command,
  outcomeReply,
  pongReply,
  type StreamKind,
} from "../protocol/stream-replies.ts";
import { textFrames } from "./text-frames.ts";
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

/** What a stream does with the commands that are its own. */
export interface StreamHandler {
  command(connection: StreamConnection, command: Command, fields: Fields): void;
  closed(connection: StreamConnection): void;
}

export class StreamConnection {
  readonly id = randomUUID();
  readonly kind: StreamKind;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #services: StreamServices;
  readonly #handler: StreamHandler;
  readonly #silenceLimitMs: number;
  readonly #flush = (): void => this.#write();
  #texts: (string | Buffer)[] = [];
  #lastTrafficMs: number;
  #isOpen = true;

  constructor(
    kind: StreamKind,
    webSocket: WebSocket,
    socket: Duplex,
    services: StreamServices,
    handler: StreamHandler,
    silenceLimitMs: number,
  ) {
    this.kind = kind;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#services = services;
    this.#handler = handler;
    this.#silenceLimitMs = silenceLimitMs;
    this.#lastTrafficMs = services.nowMs();
    webSocket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on("error", (error) => services.log(`${kind} stream: ${error.message}`));
    webSocket.on("close", () => this.#closed());
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
    this.#webSocket.terminate();
    this.#closed();
  }

  close(code: number = GOING_AWAY, reason = ""): void {
    this.#write();
    this.#webSocket.close(code, reason);
  }

  /** Now and then, by a clock: whoever neither hears nor says anything is let go. */
  checkSilence(nowMs: number): void {
    if (nowMs - this.#lastTrafficMs <= this.#silenceLimitMs) return;
    this.close(POLICY_VIOLATION, "idle");
  }

  #write(): void {
    const texts = this.#texts;
    this.#texts = [];
    // Nothing may follow a closing frame, whoever sent it.
    if (texts.length === 0 || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#socket.write(textFrames(texts));
    this.#lastTrafficMs = this.#services.nowMs();
    if (this.#socket.writableLength > BACKLOG_LIMIT_BYTES) {
      this.#services.log(`${this.kind} stream: cut a client that does not read`);
      this.cut();
    }
  }

  #closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handler.closed(this);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#isOpen) return;
    if (this.#services.hold(() => this.#receive(data, isBinary))) return;
    this.#lastTrafficMs = this.#services.nowMs();
    if (isBinary) return this.#misunderstood("binary frame");
    let fields: unknown;
    try {
      // One buffer per message: fragments have been put together.
      fields = JSON.parse((data as Buffer).toString("utf8"));
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
