/**
 * Sessions: who is logged in by a cookie, and for how long yet.
 *
 * A session's id is 256 random bits that mean nothing. What must stay true: it ends after a while
 * without a request, and after a day at the latest; and whoever ends it ends all that hangs on it.
 */
import { createHash, randomBytes } from "node:crypto";
import type { User } from "./access.ts";

export interface Session {
  /** What it is known by inside; not the cookie. */
  readonly key: string;
  readonly user: User;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
  seenAt: number;
}

export interface SessionTimes {
  readonly idleMs: number;
  readonly longestMs: number;
}

const HOUR_MS = 3_600_000;
/** A trader who looks on all day has a stream open, which counts as being there. */
export const SESSION_TIMES: SessionTimes = { idleMs: HOUR_MS, longestMs: 24 * HOUR_MS };
const MOST_SESSIONS = 1_000;

export class Sessions {
  readonly #byKey = new Map<string, Session>();
  readonly #times: SessionTimes;
  readonly #now: () => number;
  readonly #onEnd: (key: string) => void;

  constructor(now: () => number, times: SessionTimes, onEnd: (key: string) => void) {
    this.#now = now;
    this.#times = times;
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** @returns what the cookie is to say. */
  open(user: User): { readonly id: string; readonly session: Session } {
    this.sweep();
    const id = randomBytes(32).toString("base64url");
    const now = this.#now();
    const session = { key: keyOf(id), user, seenAt: now, endsAt: now + this.#times.longestMs };
    this.#byKey.set(session.key, session);
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > MOST_SESSIONS && oldest !== undefined) this.end(oldest);
    return { id, session };
  }

  /** Being looked for counts as being there. */
  find(id: string): Session | undefined {
    if (id.length > 100) return undefined;
    const session = this.#byKey.get(keyOf(id));
    if (session === undefined) return undefined;
    if (this.#isOver(session)) {
      this.end(session.key);
      return undefined;
    }
    session.seenAt = this.#now();
    return session;
  }

  /** @returns false: it has ended. */
  touch(key: string): boolean {
    const session = this.#byKey.get(key);
    if (session === undefined || this.#now() >= session.endsAt) return false;
    session.seenAt = this.#now();
    return true;
  }

  end(key: string): void {
    if (this.#byKey.delete(key)) this.#onEnd(key);
  }

  sweep(): void {
    for (const session of this.#byKey.values()) {
      if (this.#isOver(session)) this.end(session.key);
    }
  }

  #isOver({ endsAt, seenAt }: Session): boolean {
    const now = this.#now();
    return now >= endsAt || now - seenAt >= this.#times.idleMs;
  }
}

const keyOf = (id: string): string => createHash("sha256").update(id).digest("hex");
