/**
 * Order: everything about one order: how far, at what price, what it costs and why, what is next.
 *
 * It shows what it is given and asks nobody, so that a live order and a moment of a replay look
 * alike; the buttons stand apart (`order-controls.tsx`).
 */
import { useMemo } from "preact/hooks";
import type { MarketView, OrderView } from "../../../src/view/shapes.ts";
import { amount, clock, dayAndClock, grouped, phaseWord, share, signed, span } from "../format.ts";
import { replica } from "../state/desk.ts";
import { addressOf } from "../state/route.ts";
import { CostParts } from "../widgets/cost-parts.tsx";
import {
  AgainstBps,
  CostBps,
  Exact,
  Fact,
  Health,
  Panel,
  Progress,
  Unknown,
} from "../widgets/figures.tsx";
import { PriceChart } from "../widgets/price-chart.tsx";
import { SeriesChart, type SeriesLine } from "../widgets/series-chart.tsx";
import { Slow } from "../widgets/slow.tsx";
import { Advice } from "./advice.tsx";
import { Children, Decisions, Events, Fills } from "./order-tables.tsx";
import { OrderControls } from "./order-controls.tsx";
import { WhatIf } from "./what-if.tsx";

export function LiveOrder({ name }: { name: string }) {
  const view = replica.order(name).value;
  const row = replica.row(name)?.value;
  const instrument = view?.row.instrument ?? row?.instrument;
  const market = instrument === undefined ? undefined : replica.market(instrument).value;
  if (view === undefined) return <p class="room quiet">Waiting for {name}…</p>;
  if (view === null)
    return (
      <div class="room">
        <h1>{name}</h1>
        <p>
          No run that stands here has this order.{" "}
          {row !== undefined && (
            <a href={addressOf("replay", row.journal)}>Its journal can be looked at.</a>
          )}
        </p>
      </div>
    );
  return (
    <div class="room room-order">
      <OrderHead view={view} />
      <OrderControls view={view} />
      <OrderPanels view={view} market={market ?? undefined} />
      <WhatIf view={view} />
      <Slow>{() => <EventsOf view={view} />}</Slow>
    </div>
  );
}

function EventsOf({ view }: { view: OrderView }) {
  const { parentId: id, journal: name } = view.row;
  const all = replica.events.value;
  const own = useMemo(
    () =>
      all.filter(
        ({ parentId, journal }) => parentId === id || (parentId === null && journal === name),
      ),
    [all, id, name],
  );
  return <Events entries={own} />;
}

export function OrderHead({ view }: { view: OrderView }) {
  const { row, remaining, secondsLeft } = view;
  const isOver = row.endedAt !== null;
  return (
    <header class="order-head">
      <h1>
        <span class={`side ${row.side}`}>
          <span aria-hidden="true">{row.side === "buy" ? "▲" : "▼"}</span> {row.side}
        </span>{" "}
        {amount(row.quantity)} <span class="symbol">{row.symbol}</span>{" "}
        <span class="quiet">{row.parentId}</span>
      </h1>
      <div class="badges">
        <span class={`phase phase-${row.phase}`}>{phaseWord(row.phase)}</span>
        <Health health={row.health} />
        <span class="quiet">{row.reason}</span>
      </div>
      {row.halt !== null && (
        <p class="halt" role="alert">
          <strong>A person has to look:</strong> {row.halt}
        </p>
      )}
      <div class="progress-line">
        <Progress share={row.filledShare} label="Filled share of the order" />
        <strong data-figure="filled-share">{share(row.filledShare)}</strong>
        <span>
          <span data-figure="filled">{amount(row.filled)}</span> executed
        </span>
        <span>
          <span data-figure="remaining">{amount(remaining)}</span> remaining
        </span>
        <span>{isOver ? `ended ${clock(row.endedAt)} UTC` : `${span(secondsLeft)} left`}</span>
      </div>
    </header>
  );
}

const NO_PATH: MarketView["path"] = [];

export function OrderPanels({ view, market }: { view: OrderView; market: MarketView | undefined }) {
  const { advisor } = view;
  return (
    <div class="panels">
      <div class="column narrow">
        <Slow>
          {() => (
            <>
              <Panel
                name="cost"
                title="Cost so far"
                note="the whole order, fees in; the rest at the mid"
              >
                <CostFacts view={view} />
              </Panel>
              <Panel name="parts" title="What it is made of">
                <CostParts report={view.report} />
              </Panel>
            </>
          )}
        </Slow>
        <Panel name="terms" title="Terms">
          <Slow>{() => <Terms view={view} />}</Slow>
        </Panel>
        {advisor !== null && (
          <Panel name="advisor" title="Advisor">
            <Slow>{() => <Advice advisor={advisor} isShort />}</Slow>
            <a href={addressOf("advisor", view.row.parentId)}>All it said</a>
          </Panel>
        )}
      </div>
      <div class="column wide">
        <Panel name="price" title="Price" note="with own fills and resting orders">
          <Slow>
            {() => (
              <PriceChart
                points={market?.path ?? NO_PATH}
                order={view}
                example={market?.mid ?? null}
              />
            )}
          </Slow>
        </Panel>
        <Panel name="trajectory" title="Planned and done" note="share of the order">
          <Slow>{() => <Trajectory view={view} />}</Slow>
        </Panel>
        <Panel
          name="participation"
          title="Participation"
          note={<>own share of what traded: {share(view.participation)}</>}
        >
          <Slow>{() => <Participation view={view} market={market} />}</Slow>
        </Panel>
        <Slow>{() => <Fills view={view} />}</Slow>
      </div>
      <div class="column whole">
        <Slow>{() => <Children view={view} />}</Slow>
        <Slow>{() => <Decisions view={view} />}</Slow>
      </div>
    </div>
  );
}

function CostFacts({ view }: { view: OrderView }) {
  const { prices, row, twap, impact, report } = view;
  return (
    <dl class="facts">
      <Fact name="shortfall">
        <span class="big" data-figure="shortfall">
          <CostBps value={row.shortfallBps} />
        </span>
      </Fact>
      <Fact name="shortfall, money">
        {report === null || report.shortfall.total.cash === null ? (
          <Unknown />
        ) : (
          `${grouped(report.shortfall.total.cash)} ${report.instrument.settle}`
        )}
      </Fact>
      <Fact name="against TWAP, bps">
        <span data-figure="against-twap">
          <AgainstBps value={row.againstTwapBps} />
        </span>
      </Fact>
      <Fact name="TWAP shadow">
        {twap === null ? (
          <Unknown />
        ) : (
          <span title="The mean over each second since the arrival of the price at which a taker trades. It moves nothing and pays no fee, so it flatters TWAP for a large order.">
            {grouped(twap.averagePrice.toFixed(4))} ({signed(twap.costBps)} bps)
          </span>
        )}
      </Fact>
      <Fact name="decision price">
        <Exact text={prices.decision} />
      </Fact>
      <Fact name="arrival price">
        <Exact text={prices.arrival} />
      </Fact>
      <Fact name="own VWAP">
        <span data-figure="vwap">
          <Exact text={prices.vwap} />
        </span>
      </Fact>
      <Fact name="market VWAP">
        {prices.marketVwap === null ? <Unknown /> : grouped(prices.marketVwap.toFixed(4))}
      </Fact>
      <Fact name="mid now">
        <Exact text={prices.mid} />
      </Fact>
      <Fact name="impact, forecast">
        <CostBps value={impact.forecastBps} />
      </Fact>
      {impact.rest === null ? null : (
        <Fact name="impact of the rest">
          <CostBps value={impact.rest.bps} />
          {impact.rest.factor === null ? null : (
            <>
              {" "}
              <span title="by the square-root law, scaled by the advice in force">
                ({impact.rest.baseBps.toFixed(2)} ×{" "}
                {(impact.rest.bps / impact.rest.baseBps).toFixed(2)} on advice)
              </span>
            </>
          )}
        </Fact>
      )}
      <Fact name="impact, realised">
        <CostBps value={impact.realisedBps} />
      </Fact>
    </dl>
  );
}

function Trajectory({ view }: { view: OrderView }) {
  const { trajectory } = view;
  const [xs, lines] = useMemo(() => {
    const percent = (value: number | null): number | null => (value === null ? null : value * 100);
    const made: readonly SeriesLine[] = [
      {
        label: "planned %",
        colour: "plan",
        dash: [6, 4],
        values: trajectory.map(({ planned }) => percent(planned)),
      },
      {
        label: "done %",
        colour: "own",
        shape: "step",
        width: 2.5,
        values: trajectory.map(({ filled }) => percent(filled)),
      },
      {
        label: "corridor, high %",
        colour: "quiet",
        width: 1,
        dash: [2, 3],
        values: trajectory.map(({ high }) => percent(high)),
      },
      {
        label: "corridor, low %",
        colour: "quiet",
        width: 1,
        dash: [2, 3],
        values: trajectory.map(({ low }) => percent(low)),
      },
    ];
    return [trajectory.map(({ time }) => time / 1e6), made] as const;
  }, [trajectory]);
  if (trajectory.length === 0) return <p class="quiet">No plan yet.</p>;
  const hasCorridor = trajectory.some(({ low }) => low !== null);
  return (
    <SeriesChart
      label={`Planned and done over time; ${share(view.row.filledShare)} done`}
      unit="% of the order"
      xs={xs}
      lines={hasCorridor ? lines : lines.slice(0, 2)}
      {...(hasCorridor && { band: [2, 3] as const })}
      range={[0, 105]}
    />
  );
}

/** By minute: what all traded, and our share of it with the limit that it may not pass. */
function Participation({ view, market }: { view: OrderView; market: MarketView | undefined }) {
  const path = market?.path;
  const { fills } = view;
  const most = view.terms.maxParticipation;
  const [xs, volume, shares] = useMemo(() => {
    const told = byMinute(path ?? [], fills);
    const bars: SeriesLine = {
      label: "all, a minute",
      colour: "plan",
      shape: "bars",
      width: 1,
      values: told.map(({ all }) => all),
    };
    const own: SeriesLine = {
      label: "own share, %",
      colour: "own",
      shape: "bars",
      width: 1,
      values: told.map(({ all, own: ours }) => (all > 0 ? (ours / all) * 100 : null)),
    };
    const limit: SeriesLine = {
      label: "at most, %",
      colour: "text",
      dash: [5, 4],
      width: 1,
      values: told.map(() => (most === null ? null : most * 100)),
    };
    return [
      told.map(({ minute }) => minute),
      [bars],
      most === null ? [own] : [own, limit],
    ] as const;
  }, [path, fills, most]);
  if (xs.length === 0) return <p class="quiet">No volume seen yet.</p>;
  return (
    <>
      <SeriesChart label="Own share of the volume" unit="%" xs={xs} lines={shares} height={140} />
      <SeriesChart label="Volume by minute" unit="traded" xs={xs} lines={volume} height={120} />
    </>
  );
}

interface Minute {
  /** Seconds since 1970. */
  readonly minute: number;
  readonly all: number;
  readonly own: number;
}

function byMinute(path: MarketView["path"], fills: OrderView["fills"]): readonly Minute[] {
  const minutes = new Map<number, { all: number; own: number }>();
  for (const { time, volume } of path) {
    const minute = Math.floor(time / 6e7) * 60;
    const held = minutes.get(minute);
    if (held === undefined) minutes.set(minute, { all: volume, own: 0 });
    else held.all += volume;
  }
  for (const { time, quantity } of fills) {
    const held = minutes.get(Math.floor(time / 6e7) * 60);
    if (held !== undefined) held.own += Number.parseFloat(quantity);
  }
  return [...minutes]
    .map(([minute, { all, own }]) => ({ minute, all, own }))
    .sort((a, b) => a.minute - b.minute);
}

function Terms({ view }: { view: OrderView }) {
  const { terms, row } = view;
  const parameters = Object.entries(terms.parameters)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");
  return (
    <dl class="facts">
      <Fact name="strategy">
        {row.strategy}
        {parameters !== "" && <span class="quiet"> {parameters}</span>}
      </Fact>
      <Fact name="tactic">{terms.tactic ?? "the strategy's own"}</Fact>
      <Fact name="urgency">{terms.urgency}</Fact>
      <Fact name="limit price">
        {terms.limitPrice === null ? "none" : grouped(terms.limitPrice)}
      </Fact>
      <Fact name="I would price">
        {terms.iWouldPrice === null ? "none" : grouped(terms.iWouldPrice)}
      </Fact>
      <Fact name="participation, at most">
        {terms.maxParticipation === null ? "no limit" : share(terms.maxParticipation)}
      </Fact>
      <Fact name="may cross the spread">{terms.mayCrossSpread ? "yes" : "no"}</Fact>
      <Fact name="rest at the end">{terms.residual}</Fact>
      {terms.reduceOnly && <Fact name="reduce only">yes</Fact>}
      <Fact name="from">{dayAndClock(row.startAt)} UTC</Fact>
      <Fact name="until">{dayAndClock(row.deadline)} UTC</Fact>
      <Fact name="journal">
        <a href={addressOf("replay", row.journal)}>{row.journal}</a>
      </Fact>
    </dl>
  );
}
