/**
 * Stream viewer: one WebSocket, what it watches, and how far it was told.
 *
 * What must stay true: all but the last message of a batch carry the number that the viewer had
 * before, so that one that is cut off in the middle asks for all of it again; and one that reads
 * nothing is let go, instead of having the server keep things for it.
 */
import type { WebSocket } from "ws";
import type { User } from "./access.ts";
import { type Body, frameOf } from "./stream-messages.ts";
import type { Key } from "./stream-states.ts";

/** What may lie unsent before states are left out. */
const MOST_UNSENT = 1 << 18;
const PATIENCE_MS = 30_000;

export class StreamViewer {
  readonly user: User;
  /** Key of its session; undefined: it came with a token. */
  readonly session: string | undefined;
  keys: readonly Key[] = [];
  /** All that it watches was told up to this number. */
  told = 0;
  readonly #socket: WebSocket;
  #fresh: ReadonlySet<Key> = new Set();
  #hasWatched = false;
  #fullSince: number | undefined;

  constructor(socket: WebSocket, user: User, session: string | undefined) {
    this.#socket = socket;
    this.user = user;
    this.session = session;
  }

  /** @param since what it says that it has been told; undefined: it holds nothing. */
  watch(keys: readonly Key[], since: number | undefined): void {
    const isHeld = (key: Key): boolean =>
      this.#hasWatched ? this.keys.includes(key) && !this.#fresh.has(key) : since !== undefined;
    this.#fresh = new Set(keys.filter((key) => !isHeld(key)));
    if (!this.#hasWatched) this.told = since ?? 0;
    this.#hasWatched = true;
    this.keys = keys;
  }

  /** Whether it was never told of this. */
  isFresh(key: Key): boolean {
    return this.#fresh.has(key);
  }

  /** Whether it takes what it is told; one that has not for long is let go. */
  isReady(now: number): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    if (this.#socket.bufferedAmount <= MOST_UNSENT) {
      this.#fullSince = undefined;
      return true;
    }
    this.#fullSince ??= now;
    if (now - this.#fullSince > PATIENCE_MS) this.close(1013, "too slow");
    return false;
  }

  /** Nothing is to be told. */
  rest(now: number): void {
    if (this.#fullSince !== undefined) this.isReady(now);
  }

  /** @returns how many bytes. */
  send(bodies: readonly Body[], seq: number): number {
    let bytes = 0;
    for (const [index, body] of bodies.entries()) {
      const frame = frameOf(body, index === bodies.length - 1 ? seq : this.told);
      bytes += frame.length;
      this.#socket.send(frame, { binary: false });
    }
    this.told = seq;
    this.#fresh = new Set();
    return bytes;
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** It has so long to say good-bye. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }
}
