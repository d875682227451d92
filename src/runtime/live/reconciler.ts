/**
 * Reconciler: holds the account at the venue against what the run has made of it, again and again.
 *
 * It looks while nothing is under way, because what is not told yet explains any difference, and a
 * difference counts once it was seen several times. What must stay true: the engine is told what
 * the venue says, never what we think; and from a restart on it is told nothing before the fate of
 * every order is known.
 */
import type { Engine } from "../../core/engine.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { ChildOrder } from "../../core/domain/child-order.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueNotice, VenueSession } from "../../venues/venue.ts";
import { positionDifference } from "./reconcile.ts";

/** As `position-told` has it. */
export type AccountTold = Pick<
  Extract<EngineEvent, { kind: "position-told" }>,
  "positionLots" | "foreignLots" | "executedTo"
>;

export interface ReconcilerOptions {
  readonly engine: Engine;
  readonly session: VenueSession;
  readonly timers: Timers;
  readonly tell: (told: AccountTold) => void;
  readonly notice: (notice: VenueNotice) => void;
  readonly everyNanos?: number;
}

const EVERY_NANOS = 30e9;
/** Between two looks while something is to be found out. */
const SOON_NANOS = 250e6;
const AGAIN_NANOS = 1e9;
const LONG_TOLD_MICROS = 3600e6;
/** A recovery that takes longer is told of, and again each minute. */
const LONG_NANOS = 10e9;
const TOLD_AGAIN_NANOS = 60e9;
/** As many looks in a row must show the same difference: what has just filled is on its way. */
const LOOKS = 3;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  #difference = 0;
  #timesSeen = 0;
  /** Of others' trades, what the engine has been told of. */
  #foreignTold = 0;
  /** Why the account was not told when it was asked last. */
  #fault: string | undefined;
  #isClosed = false;
  #takeBack: (() => void) | undefined;
  #stopTelling: (() => void) | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after(this.#market.isRecovering ? SOON_NANOS : this.#everyNanos);
    if (this.#market.isRecovering) this.#tellLate(LONG_NANOS);
  }

  close(): void {
    this.#isClosed = true;
    this.#takeBack?.();
    this.#stopTelling?.();
  }

  /** For the end. @returns how the account is not as it should be; undefined: as it should. */
  async lastLook(): Promise<string | undefined> {
    const account = await this.#options.session.refresh();
    if (!account.ok) return undefined;
    const { instrument, positionLots } = this.#market;
    const expected = positionLots + this.#foreign;
    return positionDifference({ instrument, positionLots: expected }, account.value);
  }

  get #market() {
    return this.#options.engine.instruments[0]!;
  }

  get #everyNanos(): number {
    return this.#options.everyNanos ?? EVERY_NANOS;
  }

  /** Traded by others since the engine was told last. */
  get #foreign(): number {
    if (this.#market.instrument.kind === "spot") return 0;
    return (this.#options.session.foreignLots ?? 0) - this.#foreignTold;
  }

  /** So that a restart need not ask for a whole day's executions. */
  get #isLongTold(): boolean {
    const { executedTo } = this.#options.session;
    if (executedTo === undefined) return false;
    return executedTo - (this.#market.executedTo ?? executedTo) > LONG_TOLD_MICROS;
  }

  /** What may be filling at this instant: the venue's answer may be older than its report. */
  get #isUnderWay(): boolean {
    return this.#market.live.some(({ live }) =>
      live.some((child) => child.phase !== "working" || child.finalCumulative !== undefined),
    );
  }

  #after(nanos: number): void {
    if (this.#isClosed) return;
    this.#takeBack = this.#options.timers.after(nanos, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const market = this.#market;
    if (this.#isUnderWay) return this.#after(SOON_NANOS);
    const before = market.positionLots;
    const account = await this.#options.session.refresh();
    if (this.#isClosed) return;
    this.#fault = account.ok ? undefined : account.error.text;
    if (!account.ok) return this.#after(AGAIN_NANOS);
    if (this.#isUnderWay || market.positionLots !== before) return this.#after(SOON_NANOS);
    const isTold = market.instrument.kind !== "spot";
    const foreign = this.#foreign;
    const { positionLots } = account.value;
    const difference = isTold ? positionLots - before - foreign : 0;
    this.#timesSeen = difference === this.#difference ? this.#timesSeen + 1 : 1;
    this.#difference = difference;
    if (difference !== 0 && this.#timesSeen < LOOKS) return this.#after(AGAIN_NANOS);
    this.#timesSeen = 0;
    const isNews = market.isRecovering || (isTold && positionLots !== before) || this.#isLongTold;
    if (isNews) {
      this.#foreignTold += foreign;
      const { executedTo } = this.#options.session;
      this.#options.tell({
        ...(isTold ? { positionLots } : {}),
        ...(foreign === 0 ? {} : { foreignLots: foreign }),
        ...(executedTo === undefined ? {} : { executedTo }),
      });
    }
    this.#after(market.isRecovering ? SOON_NANOS : this.#everyNanos);
  }

  /** While it lasts nothing new is sent: a person may have to look. */
  #tellLate(inNanos: number): void {
    this.#stopTelling = this.#options.timers.after(inNanos, () => {
      if (this.#isClosed || !this.#market.isRecovering) return;
      const { notice } = this.#options;
      notice({ severity: "critical", code: "RUN_RECOVERING", text: this.#lateText() });
      this.#tellLate(TOLD_AGAIN_NANOS);
    });
  }

  #lateText(): string {
    const open = this.#market.live.flatMap(({ live }) => live);
    const unknown = open.filter(({ phase }) => phase === "unknown").map(nameOf);
    const untold = open
      .filter(({ phase, finalCumulative }) => phase !== "unknown" && finalCumulative !== undefined)
      .map(nameOf);
    const parts = [
      unknown.length === 0 ? "" : `the venue has not told what became of ${unknown.join(", ")}`,
      untold.length === 0 ? "" : `executions are missing of ${untold.join(", ")}`,
      this.#fault === undefined ? "" : `the account cannot be asked: ${this.#fault}`,
    ].filter((part) => part !== "");
    const why = parts.length === 0 ? "orders are on their way" : parts.join("; ");
    return `still recovering, nothing new is sent: ${why}`;
  }
}

const nameOf = ({ terms }: ChildOrder): string => terms.clientOrderId;
