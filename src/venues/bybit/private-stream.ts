/**
 * Private stream: what the venue says of the account as it happens, read and put on the grid.
 *
 * What must stay true: a message that cannot be read is told of and makes the orders doubtful, as a
 * lost connection does, because what it said is missing.
 */
import type { Transport } from "../../data/network/transport.ts";
import type { LocalClock } from "../../data/recorder/clock.ts";
import type { Credentials } from "./credentials.ts";
import { type BeginAnswer, SignedStream, type StreamPace } from "./signed-stream.ts";
import {
  type ExecutionRow,
  type Grid,
  type OrderState,
  parseExecutions,
  parseOrders,
  parsePositions,
  parsePrivateFrame,
  type PositionState,
  type Rows,
  subscribeFrame,
  type WireFault,
} from "./wire.ts";
import type { Result } from "../../core/domain/errors.ts";

export interface PrivateStreamOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly grid: Grid;
  readonly venueNowMs: () => number;
  readonly clock: LocalClock;
  readonly random: () => number;
  readonly pace: StreamPace;
  /** Disconnect protection watches over the connections that have subscribed to its topic. */
  readonly isProtected: boolean;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
}

export interface PrivateStreamEvents {
  readonly ready: (isAgain: boolean) => void;
  readonly lost: (reason: string) => void;
  readonly refused: (text: string) => void;
  readonly orders: (rows: readonly OrderState[]) => void;
  readonly executions: (rows: readonly ExecutionRow[]) => void;
  readonly positions: (rows: readonly PositionState[]) => void;
  /** Something was said that could not be read. */
  readonly unread: (fault: WireFault) => void;
}

const TOPICS = ["order", "execution", "position", "wallet"];

export class PrivateStream {
  readonly #stream: SignedStream;
  readonly #grid: Grid;
  readonly #events: PrivateStreamEvents;
  readonly #guard: string | undefined;

  constructor(options: PrivateStreamOptions, events: PrivateStreamEvents) {
    const { grid, isProtected } = options;
    const watched = grid.instrument.kind === "spot" ? "dcp.spot" : "dcp.future";
    this.#guard = isProtected ? watched : undefined;
    const topics = isProtected ? [...TOPICS, watched] : TOPICS;
    this.#grid = grid;
    this.#events = events;
    this.#stream = new SignedStream(
      {
        ...options,
        stream: "private",
        subscription: subscribeFrame(topics, "subscribe"),
        beginAnswer,
      },
      {
        ready: events.ready,
        lost: events.lost,
        refused: events.refused,
        frame: (text) => this.#frame(text),
      },
    );
  }

  start(): void {
    this.#stream.start();
  }

  get isReady(): boolean {
    return this.#stream.isReady;
  }

  /** What it brings cannot be trusted: it is made anew. */
  restart(reason: string): void {
    this.#stream.restart(reason);
  }

  /**
   * `isDone`: nothing of ours rests, so the venue is told that it need not guard this connection
   * any more; else its end is a disconnection like any other, and the protection is to fire.
   */
  close(isDone: boolean): void {
    const guard = this.#guard;
    if (isDone && guard !== undefined) {
      this.#stream.send(subscribeFrame([guard], "end", "unsubscribe"));
    }
    this.#stream.close();
  }

  #frame(text: string): void {
    const parsed = parsePrivateFrame(text);
    if (!parsed.ok) return this.#events.unread(parsed.error);
    const frame = parsed.value;
    if (frame.kind !== "topic") return;
    const { data } = frame;
    switch (frame.topic) {
      case "order":
        return this.#rows(parseOrders(data, this.#grid), this.#events.orders);
      case "execution":
        return this.#rows(parseExecutions(data, this.#grid), this.#events.executions);
      case "position":
        return this.#rows(parsePositions(data, this.#grid), this.#events.positions);
      default:
    }
  }

  #rows<Row>(parsed: Result<Rows<Row>, WireFault>, tell: (rows: readonly Row[]) => void): void {
    if (!parsed.ok) return this.#events.unread(parsed.error);
    if (parsed.value.rows.length > 0) tell(parsed.value.rows);
    for (const fault of parsed.value.faults) this.#events.unread(fault);
  }
}

function beginAnswer(text: string): BeginAnswer {
  const parsed = parsePrivateFrame(text);
  if (!parsed.ok || parsed.value.kind !== "answer") return undefined;
  const { op, isOk, text: words } = parsed.value;
  return op === "auth" || op === "subscribe" ? { op, isOk, text: words } : undefined;
}
