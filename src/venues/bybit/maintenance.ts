/**
 * Maintenance: whether the venue says that it is not at work, told once each time.
 *
 * What must stay true: however many answers say the same, a person hears of it once, and of its end
 * once it has truly ended.
 */
import type { VenueNotice } from "../venue.ts";
import { meaningOf } from "./wire-meaning.ts";

/** An answer to anything that was asked. */
export interface VenueWord {
  /** HTTP's; 200 on a stream. */
  readonly status: number;
  /** Undefined: it was no answer of the API. */
  readonly retCode: number | undefined;
  readonly text: string;
  /** To a new order: only that says that orders are taken. */
  readonly isPlace: boolean;
}

/** The service is restarting, or its gateway finds none. */
const AWAY_CODES = new Set([10016, 10019]);
const AWAY_STATUSES = new Set([502, 503, 504]);
/** A venue that comes back fails now and then for a while. */
const QUIET_MS = 30_000;

type Trouble = "away" | "closed";

export class Maintenance {
  readonly #notice: (notice: VenueNotice) => void;
  readonly #nowMs: () => number;
  /** When each was last said, while it holds. */
  readonly #lastAt = new Map<Trouble, number>();

  constructor(notice: (notice: VenueNotice) => void, nowMs: () => number) {
    this.#notice = notice;
    this.#nowMs = nowMs;
  }

  heard(word: VenueWord): void {
    const { status, retCode } = word;
    if (retCode === undefined ? AWAY_STATUSES.has(status) : AWAY_CODES.has(retCode)) {
      return this.#is("away", `the venue is not at work: ${word.text}`);
    }
    if (retCode === undefined) return;
    if (meaningOf(retCode) === "not-trading") {
      return this.#is("closed", `the venue takes no orders now: ${word.text}`);
    }
    this.#isOver("away", "the venue is at work again");
    if (word.isPlace && retCode === 0) this.#isOver("closed", "the venue takes orders again");
  }

  #is(trouble: Trouble, text: string): void {
    const isNew = !this.#lastAt.has(trouble);
    this.#lastAt.set(trouble, this.#nowMs());
    // A single server's fault looks the same as a service that restarts.
    const severity = trouble === "closed" ? "critical" : "warning";
    if (isNew) this.#notice({ severity, code: "VENUE_MAINTENANCE", text });
  }

  #isOver(trouble: Trouble, text: string): void {
    const lastAt = this.#lastAt.get(trouble);
    if (lastAt === undefined || this.#nowMs() - lastAt < QUIET_MS) return;
    this.#lastAt.delete(trouble);
    this.#notice({ severity: "info", code: "VENUE_MAINTENANCE", text });
  }
}
