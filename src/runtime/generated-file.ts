/**
 * Generated file: a generated market as an event file, and what happened around it as JSON lines.
 *
 * The file's notes hold the market's spec, so whoever has the file can make it again. What must
 * stay true: the rows are those that a backtest on the same spec reads, to the byte.
 */
import { ok, type Result } from "../core/domain/errors.ts";
import { formatQuantity } from "../core/domain/instrument.ts";
import { lots, type Micros, micros } from "../core/domain/units.ts";
import { createEventFile } from "../data/event-file/writer.ts";
import type { DataFault } from "../data/fault.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { openGenerated, type GeneratedSpec, type OpenMarket } from "./market-source.ts";

/** One thing that happened. Times are µs since 1970; quantities are exact decimal text. */
export type StoryEvent =
  | {
      readonly event: "news";
      readonly timeMicros: Micros;
      /** The same in the market of every symbol that it concerns. */
      readonly id: string;
      readonly symbols: readonly string[];
      readonly kind: string;
      readonly text: string;
      /** What it is worth: which way (−1, 0, 1), how many daily standard deviations, how soon. */
      readonly direction: number;
      readonly magnitude: number;
      readonly delaySeconds: number;
      readonly isNoise: boolean;
      readonly isHostile: boolean;
      readonly family: string;
      readonly split: string;
      readonly figures: Readonly<Record<string, number>>;
    }
  | {
      readonly event: "funding";
      readonly timeMicros: Micros;
      readonly symbol: string;
      /** Paid by longs to shorts, a fraction of the notional. */
      readonly rate: number;
      readonly averagePremium: number;
      readonly intervalHours: number;
    }
  | {
      readonly event: "liquidation";
      readonly timeMicros: Micros;
      readonly symbol: string;
      readonly side: "buy" | "sell";
      readonly leverage: number;
      /** Size as a fraction of an average day's volume. */
      readonly shareOfDay: number;
    }
  | {
      readonly event: "metaorder";
      readonly timeMicros: Micros;
      /** Of its last slice so far. */
      readonly endMicros: Micros;
      readonly symbol: string;
      readonly side: "buy" | "sell";
      readonly quantity: string;
      readonly filled: string;
    };

export interface GeneratedFile {
  readonly path: string;
  readonly symbol: string;
  readonly rows: number;
  readonly blocks: number;
  readonly story: readonly StoryEvent[];
}

/**
 * Writes the market, yielding how many µs of it are done. Left early, it leaves a partial file that
 * is readable up to its last whole block.
 */
export function* writeGenerated(
  spec: GeneratedSpec,
  path: string,
): Generator<Micros, Result<GeneratedFile, DataFault>> {
  const market = openGenerated(spec);
  const { header, blocks } = market;
  const notes = [`made, not recorded: ${canonicalJson(spec)}`];
  const origin = { format: "generated", sources: [], notes, counts: {} };
  const created = createEventFile(path, { ...header, origin });
  if (!created.ok) return created;
  const writer = created.value;
  const startNanos = (spec.startAt - Number(header.epochNanos / 1000n)) * 1_000;
  try {
    for (const block of blocks) {
      writer.append(block);
      yield micros(Math.floor((block.exchangeTime[block.length - 1]! - startNanos) / 1_000));
    }
    writer.seal();
  } finally {
    writer.abandon();
  }
  const { rows, blocks: count } = writer;
  const { symbol } = header.instrument;
  return ok({ path, symbol, rows, blocks: count, story: storyOf(spec, market) });
}

/** What happened within the span of the market, in order of time. */
function storyOf(spec: GeneratedSpec, market: OpenMarket): readonly StoryEvent[] {
  const { instrument, epochNanos } = market.header;
  const { symbol } = instrument;
  const epoch = Number(epochNanos / 1000n);
  const time = (nanos: number): Micros => micros(epoch + Math.floor(nanos / 1_000));
  const story = market.story?.();
  const events: StoryEvent[] = [];
  for (const { at, delay, ...item } of story?.news ?? []) {
    const delaySeconds = delay / 1e9;
    events.push({ event: "news", timeMicros: time(at), ...item, delaySeconds });
  }
  for (const { at, ...funding } of story?.fundings ?? []) {
    events.push({ event: "funding", timeMicros: time(at), symbol, ...funding });
  }
  for (const { at, buys, leverage, shareOfDay } of story?.liquidations ?? []) {
    const own = { symbol, side: side(buys), leverage, shareOfDay };
    events.push({ event: "liquidation", timeMicros: time(at), ...own });
  }
  const start = (spec.startAt - epoch) * 1_000;
  for (const each of market.metaorders?.() ?? []) {
    // Those that were over before the first row are in none of the rows.
    if (each.endAt <= start) continue;
    events.push({
      event: "metaorder",
      timeMicros: time(Math.max(start, each.startAt)),
      endMicros: time(each.endAt),
      symbol,
      side: side(each.isBuy),
      quantity: formatQuantity(instrument, lots(each.lots)),
      filled: formatQuantity(instrument, lots(each.filledLots)),
    });
  }
  // The world is up to a second ahead of the market.
  const end = spec.startAt + spec.duration;
  return inOrder(events.filter(({ timeMicros }) => timeMicros < end));
}

const side = (buys: boolean): "buy" | "sell" => (buys ? "buy" : "sell");

/** Of several symbols of one world: news that concern them all are told once. */
export function mergedStory(files: readonly GeneratedFile[]): readonly StoryEvent[] {
  const told = new Set<string>();
  const all = files.flatMap(({ story }) =>
    story.filter((each) => {
      if (each.event !== "news") return true;
      if (told.has(each.id)) return false;
      told.add(each.id);
      return true;
    }),
  );
  return inOrder(all);
}

const inOrder = (events: StoryEvent[]): StoryEvent[] =>
  events.sort((a, b) => a.timeMicros - b.timeMicros);
