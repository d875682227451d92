/**
 * Public feed: a live market as a paper session sees it, without an account.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { MarketTold } from "../../core/domain/messages.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import { every } from "../../data/network/repeating.ts";
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import type { Transport } from "../../data/network/transport.ts";
import type { DataFault } from "../../data/fault.ts";
import { BybitFeed } from "../../data/recorder/bybit-feed.ts";
import { AnchoredClock } from "../../data/recorder/clock.ts";
import type { FeedEvent } from "../../data/recorder/feed.ts";
import type { OpenTerms, VenueFault, VenueNotice } from "../venue.ts";
import { MessageRows } from "../message-rows.ts";

export interface PublicFeed {
  readonly header: MarketHeader;
  /** Nanoseconds since the header's epoch, by the clock that rows are stamped with; never falls. */
  now(): number;
  /** Whole messages in order of local time, none of which happened after it was received. */
  start(
    rows: (block: MarketBlock) => void,
    notice: (notice: VenueNotice) => void,
    told?: (told: MarketTold) => void,
  ): void;
  stop(): void;
}

export type OpenPublicFeed = (
  signal: AbortSignal,
  terms?: OpenTerms,
) => Promise<Result<PublicFeed, VenueFault>>;

export interface BybitPublicOptions {
  readonly kind: ContractKind;
  readonly symbol: string;
  readonly depth?: number | undefined;
  /** Instead of the venue's own addresses. */
  readonly host?: string | undefined;
  readonly rest?: string | undefined;
  /** All IO and all waiting go through it; absent: the system's. */
  readonly transport?: Transport;
  readonly clock?: AnchoredClock;
  /** In [0, 1); only waits depend on it. */
  readonly random?: () => number;
}

interface Heard {
  rows?: (block: MarketBlock) => void;
  notice?: (notice: VenueNotice) => void;
  told?: ((told: MarketTold) => void) | undefined;
}

/** Bybit's order book and trades, by the same decoder that records them. */
export function bybitPublicFeed(options: BybitPublicOptions): OpenPublicFeed {
  const { transport = SYSTEM_TRANSPORT, random = Math.random } = options;
  return async (signal, terms = {}) => {
    const heard: Heard = {};
    const { clock = new AnchoredClock() } = options;
    const feed = new BybitFeed({
      kind: options.kind,
      symbols: [options.symbol],
      depth: options.depth,
      host: options.host,
      rest: options.rest,
      clock,
      random,
      transport,
      epochNanos: terms.epochNanos,
      openSink: () => new MessageRows((block) => heard.rows?.(block)),
      onEvent: (event) => heard.notice?.(noticeOf(event)),
      onTold: (_, told) => heard.told?.(told),
    });
    const stop = (): void => feed.stop();
    signal.addEventListener("abort", stop, { once: true });
    const prepared = await feed.prepare();
    signal.removeEventListener("abort", stop);
    if (!prepared.ok || signal.aborted) {
      feed.stop();
      return err(prepared.ok ? ABORTED : faultOf(prepared.error));
    }
    if (feed.now() < 0) {
      feed.stop();
      return err(EPOCH_AHEAD);
    }
    let endLooks: (() => void) | undefined;
    return ok({
      header: {
        instrument: prepared.value[0]!,
        epochNanos: BigInt(feed.time.seconds) * 1_000_000_000n,
        ownTradesPrinted: false,
      },
      now: () => feed.now(),
      start(rows, tell, told) {
        heard.rows = rows;
        heard.notice = tell;
        heard.told = told;
        endLooks = every(transport.timers, 1000, () => clock.check());
        feed.start();
      },
      stop() {
        endLooks?.();
        feed.stop();
      },
    });
  };
}

const EPOCH_AHEAD: VenueFault = {
  code: "VENUE_CLOCK",
  text:
    "the run that is to be gone on with began later than it is now by the venue's clock: " +
    "check the clock of the machine that it ran on",
};

const ABORTED: VenueFault = { code: "VENUE_UNREACHABLE", text: "stopped before it was open" };

const faultOf = ({ code, text }: DataFault): VenueFault =>
  code === "DATA_SYMBOL"
    ? { code: "VENUE_SYMBOL", text }
    : { code: "VENUE_UNREACHABLE", text: `${text}; check the address and the connection` };

const noticeOf = ({ kind, text }: FeedEvent): VenueNotice =>
  kind === "lost" || kind === "gap" || kind === "retry"
    ? { severity: "warning", code: "VENUE_FEED_LOST", text }
    : { severity: "info", code: "VENUE_FEED", text };
