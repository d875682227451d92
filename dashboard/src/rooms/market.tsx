/**
 * Market: one instrument's book with our own orders in it, its prices and volume, what the venue
 * tells besides, news, and how far the data can be trusted.
 */
import { useMemo } from "preact/hooks";
import type { Covered, LadderLevel, MarketView } from "../../../src/view/shapes.ts";
import { amount, clock, dayAndClock, grouped, number, share, signed } from "../format.ts";
import { replica } from "../state/desk.ts";
import { addressOf } from "../state/route.ts";
import { Exact, Fact, Health, Panel, Unknown } from "../widgets/figures.tsx";
import { PriceChart } from "../widgets/price-chart.tsx";
import { SeriesChart, type SeriesLine } from "../widgets/series-chart.tsx";
import { Slow } from "../widgets/slow.tsx";
import { AgainstUsual, VolumeAgainstProfile } from "./day-volume.tsx";
import { Limits } from "./limits.tsx";

export function MarketRoom({ name }: { name: string }) {
  if (name === "") return <Markets />;
  const view = replica.market(name).value;
  const run = replica.runs.value.find(({ instrument }) => instrument === name);
  return (
    <div class="room room-market">
      <h1>{name.split(":").join(" ")}</h1>
      {view === undefined && <p class="quiet">Waiting for the market…</p>}
      {view === null && <p>No run stands on this market.</p>}
      {view && <MarketPanels view={view} />}
      {run !== undefined && <Limits instrument={name} />}
    </div>
  );
}

function Markets() {
  const instruments = [...new Set(replica.runs.value.map(({ instrument }) => instrument))];
  return (
    <div class="room">
      <h1>Markets</h1>
      {instruments.length === 0 ? (
        <p>No run stands: a first order opens its market.</p>
      ) : (
        <ul class="links">
          {instruments.map((instrument) => (
            <li key={instrument}>
              <a href={addressOf("market", instrument)}>{instrument}</a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function MarketPanels({ view }: { view: MarketView }) {
  return (
    <div class="panels">
      <div class="column narrow">
        <Panel name="now" title="Now" note={`${clock(view.time)} UTC`}>
          <Now view={view} />
        </Panel>
        <Panel name="ladder" title="Book" note="own orders beside it">
          <Ladder view={view} />
        </Panel>
        <Panel name="quality" title="Data health" note="since the session began">
          <Slow>{() => <Quality view={view} />}</Slow>
        </Panel>
      </div>
      <div class="column wide">
        <Panel name="price" title="Price" note="an hour at most">
          <Slow>
            {() => <PriceChart points={view.path} order={undefined} example={view.mid} />}
          </Slow>
        </Panel>
        <Panel name="depth" title="Depth" note="sum from the best price on">
          <Slow>{() => <Depth view={view} />}</Slow>
        </Panel>
        <Panel name="volume" title="Volume and spread">
          <Slow>{() => <Flow view={view} />}</Slow>
        </Panel>
        <Panel name="profile" title="Volume against its profile" note="what is usual at this time">
          <Slow>{() => <VolumeAgainstProfile view={view} />}</Slow>
        </Panel>
        <div class="side-by-side">
          <Panel name="trades" title="Trades" note="newest first">
            <Slow>
              {() => <Prints prints={view.trades} empty="No trade seen yet." name="Trades" />}
            </Slow>
          </Panel>
          <Panel name="liquidations" title="Liquidations" note="of others; newest first">
            <Slow>
              {() => (
                <Prints
                  prints={view.liquidations}
                  empty="None told of."
                  name="Liquidations"
                  words={CLOSED}
                />
              )}
            </Slow>
          </Panel>
        </div>
        <Panel name="news" title="News" note="its author's time and ours">
          <Slow>{() => <News view={view} />}</Slow>
        </Panel>
      </div>
    </div>
  );
}

/** A figure with how much of its window was seen. */
function Seen({ figure, children }: { figure: Covered | null; children(value: number): string }) {
  if (figure === null) return <Unknown />;
  return (
    <>
      {children(figure.value)}{" "}
      <span class={figure.coverage < 0.95 ? "unwell" : "quiet"}>
        ({share(figure.coverage, 0)} seen)
      </span>
    </>
  );
}

function Now({ view }: { view: MarketView }) {
  return (
    <dl class="facts">
      <Fact name="mid">
        <span class="big">
          <Exact text={view.mid} />
        </span>
      </Fact>
      <Fact name="spread, bps">
        {view.spreadBps === null ? <Unknown /> : number(view.spreadBps)}
      </Fact>
      <Fact name="imbalance, −1 to 1">
        {view.imbalance === null ? <Unknown /> : signed(view.imbalance)}
      </Fact>
      <Fact name="own position">{amount(view.position)}</Fact>
      <Fact name="volume, last minute">
        <Seen figure={view.volumeMinute}>{(value) => number(value, 3)}</Seen>
      </Fact>
      <Fact name="against a usual minute">
        <AgainstUsual view={view} />
      </Fact>
      <Fact name="volume, a day">
        <Seen figure={view.volumeDay}>{(value) => number(value, 1)}</Seen>
      </Fact>
      <Fact name="volatility, % an hour">
        <Seen figure={view.volatilityHour}>{(value) => number(value * 100, 3)}</Seen>
      </Fact>
      <Fact name="funding rate">
        {view.fundingRate === null ? (
          <Unknown />
        ) : (
          `${signed(view.fundingRate * 1e4, 3)} bps, next ${clock(view.nextFundingAt)} UTC`
        )}
      </Fact>
      <Fact name="open interest">
        {view.openInterest === null ? <Unknown /> : amount(view.openInterest)}
      </Fact>
    </dl>
  );
}

const SHOWN = 12;

function Ladder({ view }: { view: MarketView }) {
  const [asks, bids] = [view.asks.slice(0, SHOWN), view.bids.slice(0, SHOWN)];
  const most = Math.max(...[...asks, ...bids].map(({ size }) => Number(size)), 0);
  const line = (level: LadderLevel, side: "bid" | "ask") => (
    <tr key={`${side} ${level.price}`} class={side}>
      <td class="figure own">{level.own === null ? "" : `◆ ${grouped(level.own)}`}</td>
      <td class="figure price">{grouped(level.price)}</td>
      <td class="figure">
        <meter min={0} max={most} value={Number(level.size)} aria-hidden="true" />
        {grouped(level.size)}
      </td>
    </tr>
  );
  return (
    <table class="plain ladder">
      <caption class="unseen">Order book</caption>
      <thead>
        <tr>
          <th scope="col" class="figure">
            own
          </th>
          <th scope="col" class="figure">
            price
          </th>
          <th scope="col" class="figure">
            size
          </th>
        </tr>
      </thead>
      <tbody>{asks.toReversed().map((level) => line(level, "ask"))}</tbody>
      <tbody>
        <tr class="between">
          <td colSpan={3}>spread {number(view.spreadBps)} bps</td>
        </tr>
      </tbody>
      <tbody>{bids.map((level) => line(level, "bid"))}</tbody>
    </table>
  );
}

/** By price, the size from the best on. */
function summed(levels: readonly LadderLevel[]): readonly (readonly [number, number])[] {
  let sum = 0;
  return levels.map(({ price, size }) => {
    sum += Number(size);
    return [Number(price), sum] as const;
  });
}

function Depth({ view }: { view: MarketView }) {
  const bids = summed(view.bids).toReversed();
  const asks = summed(view.asks);
  if (bids.length + asks.length === 0) return <p class="quiet">No book.</p>;
  return (
    <SeriesChart
      label="Depth of the book"
      unit="size"
      isTime={false}
      xUnit="price"
      xs={[...bids, ...asks].map(([price]) => price)}
      lines={[
        {
          label: "bids",
          colour: "bid",
          shape: "step-back",
          digits: 3,
          values: [...bids.map(([, sum]) => sum), ...asks.map(() => null)],
        },
        {
          label: "asks",
          colour: "ask",
          shape: "step",
          dash: [6, 3],
          digits: 3,
          values: [...bids.map(() => null), ...asks.map(([, sum]) => sum)],
        },
      ]}
    />
  );
}

/** By ten seconds: what traded, and the spread at their end. */
function Flow({ view }: { view: MarketView }) {
  const [xs, volume, spread] = useMemo(() => {
    const told = new Map<number, { volume: number; spread: number | null }>();
    for (const { time, bid, ask, volume: traded } of view.path) {
      const at = Math.floor(time / 1e7) * 10;
      const wide = bid === null || ask === null ? null : ((ask - bid) / ((ask + bid) / 2)) * 1e4;
      told.set(at, { volume: (told.get(at)?.volume ?? 0) + traded, spread: wide });
    }
    const entries = [...told].sort(([a], [b]) => a - b);
    const bars: SeriesLine = {
      label: "traded in 10 s",
      colour: "plan",
      shape: "bars",
      width: 1,
      digits: 3,
      values: entries.map(([, { volume: traded }]) => traded),
    };
    const line: SeriesLine = {
      label: "spread, bps",
      colour: "own",
      values: entries.map(([, { spread: wide }]) => wide),
    };
    return [entries.map(([at]) => at), [bars], [line]] as const;
  }, [view.path]);
  if (xs.length === 0) return <p class="quiet">Nothing seen yet.</p>;
  return (
    <>
      <SeriesChart
        label="Volume by ten seconds"
        unit="traded"
        xs={xs}
        lines={volume}
        height={150}
      />
      <SeriesChart label="Spread" unit="bps" xs={xs} lines={spread} height={130} isFromZero />
    </>
  );
}

const SIDES = { buy: "buy", sell: "sell" } as const;
/** A liquidation's side is that of the position which was closed. */
const CLOSED = { buy: "long closed", sell: "short closed" } as const;

function Prints({
  prints,
  empty,
  name,
  words = SIDES,
}: {
  readonly prints: MarketView["trades"];
  readonly empty: string;
  readonly name: string;
  readonly words?: Readonly<Record<"buy" | "sell", string>>;
}) {
  if (prints.length === 0) return <p class="quiet">{empty}</p>;
  return (
    <div class="scrolls" tabIndex={0} role="group" aria-label={name}>
      <table class="plain">
        <caption class="unseen">{name}</caption>
        <thead>
          <tr>
            <th scope="col">UTC</th>
            <th scope="col">side</th>
            <th scope="col" class="figure">
              price
            </th>
            <th scope="col" class="figure">
              size
            </th>
          </tr>
        </thead>
        <tbody>
          {prints.map(({ time, price, quantity, side }, place) => (
            <tr key={`${time} ${place}`}>
              <td>{clock(time)}</td>
              <td class={`side ${side}`}>
                <span aria-hidden="true">{side === "buy" ? "▲" : "▼"}</span> {words[side]}
              </td>
              <td class="figure">{grouped(price)}</td>
              <td class="figure">{grouped(quantity)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Quality({ view }: { view: MarketView }) {
  const { quality } = view;
  return (
    <dl class="facts">
      <Fact name="book">
        <Health health={view.health} />
        {view.healthSince !== null && ` since ${clock(view.healthSince)} UTC`}
      </Fact>
      <Fact name="gaps">{quality.gaps}</Fact>
      <Fact name="crossed">{quality.crossed}</Fact>
      <Fact name="stale">{quality.stale}</Fact>
      <Fact name="rows lost to restarts">{quality.rowsLost}</Fact>
      <Fact name="messages not used">{quality.unused === null ? <Unknown /> : quality.unused}</Fact>
    </dl>
  );
}

function News({ view }: { view: MarketView }) {
  if (view.news.length === 0) return <p class="quiet">No news heard.</p>;
  return (
    <ol class="news">
      {view.news.map(({ id, source, kind, publishedAt, firstSeenAt, headline, body, flags }) => (
        <li key={`${source} ${id}`}>
          <p class="headline">{headline}</p>
          {body !== undefined && <p class="body">{body}</p>}
          <p class="quiet">
            {source}, {kind} · says it was published {dayAndClock(publishedAt)} UTC · first seen
            here {dayAndClock(firstSeenAt)} UTC
            {flags.length > 0 && <strong class="unwell"> · ⚠ {flags.join(", ")}</strong>}
          </p>
        </li>
      ))}
    </ol>
  );
}
