/**
 * Facts: all stylised facts of one market, from the tapes that a survey made of it.
 */
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import type { Finding, Survey } from "./finding.ts";
import { bursts, depth, orderSizes, spread, volumeVolatility } from "./liquidity.ts";
import { impactDecay, impactPath, type Samples, squareRoot } from "./metaorder-impact.ts";
import { knownMetaorders, type MetaorderRecord, pseudoMetaorders } from "./metaorders.ts";
import { orderImpact, response, signature } from "./price-impact.ts";
import { aggregation, clustering, fatTails, returnMemory } from "./returns.ts";
import { signMemory } from "./signs.ts";
import { MarketSurvey } from "./survey.ts";
import type { MarketTape } from "./tape.ts";

export interface SurveyedMarket {
  readonly tape: MarketTape;
  readonly epochNanos: bigint;
  /** The market's own, if it knows them. */
  readonly metaorders?: readonly MetaorderRecord[];
}

export interface MarketFactSheet {
  readonly instrument: Instrument;
  readonly id: string;
  readonly seconds: number;
  /** Of them with a book that could be trusted. */
  readonly quotedSeconds: number;
  readonly rows: number;
  readonly prints: number;
  readonly orders: number;
  readonly findings: readonly Finding[];
}

/** @param onProgress seconds of market time that were taken in. */
export function* surveyMarket(
  { header, blocks }: { readonly header: MarketHeader; readonly blocks: Iterable<MarketBlock> },
  metaorders?: () => Iterable<MetaorderRecord>,
): Generator<number, SurveyedMarket> {
  const survey = new MarketSurvey(header);
  let first: number | undefined;
  for (const block of blocks) {
    survey.take(block);
    const last = block.exchangeTime[block.length - 1] ?? 0;
    first ??= block.exchangeTime[0] ?? 0;
    yield (last - first) / 1e9;
  }
  return {
    tape: survey.finish(),
    epochNanos: header.epochNanos,
    ...(metaorders === undefined ? {} : { metaorders: [...metaorders()] }),
  };
}

/** Each takes a moment: a caller that draws a bar takes them one by one. */
export function* factsOf(
  markets: readonly SurveyedMarket[],
  seed: number,
): Generator<number, MarketFactSheet> {
  const tapes = markets.map(({ tape }) => tape);
  const survey: Survey = { tapes, seed };
  const knows = markets.every(({ metaorders }) => metaorders !== undefined);
  const samples = knows
    ? [
        knownMetaorders(
          tapes,
          markets.map(({ metaorders }) => metaorders ?? []),
          markets.map(({ epochNanos }) => epochNanos),
        ),
      ]
    : pseudoMetaorders(tapes);
  const findings: Finding[] = [];
  for (const find of [
    ...FINDERS,
    ...META_FINDERS.map((of) => () => of(samples as Samples, seed)),
  ]) {
    findings.push(find(survey));
    yield findings.length / (FINDERS.length + META_FINDERS.length);
  }
  const cells = tapes.flatMap((tape) => tape.cells);
  const sum = (of: (cell: (typeof cells)[number]) => number): number =>
    cells.reduce((total, cell) => total + of(cell), 0);
  const { instrument } = tapes[0]!;
  return {
    instrument,
    id: instrumentId(instrument),
    seconds: tapes.reduce((total, { mids }) => total + mids.length / 10, 0),
    quotedSeconds: sum((cell) => cell.quotedSeconds),
    rows: tapes.reduce((total, { rows }) => total + rows, 0),
    prints: sum((cell) => cell.prints),
    orders: sum((cell) => cell.orders),
    findings,
  };
}

const FINDERS = [
  fatTails,
  aggregation,
  returnMemory,
  clustering,
  signMemory,
  spread,
  depth,
  volumeVolatility,
  orderSizes,
  bursts,
  signature,
  response,
  orderImpact,
] as const;
const META_FINDERS = [squareRoot, impactPath, impactDecay] as const;
