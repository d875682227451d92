/**
 * Day volume: what trades against what is usual at this time of the day, by minute and by quarter
 * of an hour.
 */
import { useMemo } from "preact/hooks";
import type { MarketView } from "../../../src/view/shapes.ts";
import { number, share } from "../format.ts";
import { Unknown } from "../widgets/figures.tsx";
import { SeriesChart } from "../widgets/series-chart.tsx";

type DayVolume = MarketView["dayVolume"];

const MINUTES = 15;
const QUARTER_SECONDS = 60 * MINUTES;
const DAY_SECONDS = 86_400;
/** Less of a quarter than this is too little to draw it whole. */
const LEAST_COVERAGE = 0.2;

/** What a minute of that time of the day has, in units; null: not known. */
function usualMinute({ quarters }: DayVolume, second: number): number | null {
  const usual = quarters[Math.floor((second % DAY_SECONDS) / QUARTER_SECONDS)]?.usual ?? null;
  return usual === null ? null : usual / MINUTES;
}

export function AgainstUsual({ view }: { view: MarketView }) {
  const usual = usualMinute(view.dayVolume, Math.floor(view.time / 1e6));
  const { volumeMinute } = view;
  if (!usual || volumeMinute === null) return <Unknown />;
  return <>× {number(volumeMinute.value / volumeMinute.coverage / usual)}</>;
}

export function VolumeAgainstProfile({ view }: { view: MarketView }) {
  return (
    <>
      <p class="quiet">{words(view.dayVolume)}</p>
      <Minutes view={view} />
      <Quarters view={view} />
      <Today dayVolume={view.dayVolume} />
    </>
  );
}

function words({ usualFrom, curve }: DayVolume): string {
  switch (usualFrom) {
    case "day-before":
      return "Usual is what the day before had at the same time.";
    case "curve":
      return `Usual is the curve of an order here (${curve}), at the level of what was seen.`;
    case "even-day":
      return "Usual is an even day: no day before was seen, and no order here goes by a day's curve.";
  }
}

const USUAL = { label: "usual", colour: "own", dash: [6, 3], digits: 3 } as const;

/** Whole minutes that were seen, of the newest hour. */
function Minutes({ view }: { view: MarketView }) {
  const minutes = useMemo(() => {
    const seen = new Map<number, { seconds: number; volume: number }>();
    for (const { time, volume } of view.path) {
      const minute = Math.floor((time - 1) / 6e7);
      const { seconds = 0, volume: before = 0 } = seen.get(minute) ?? {};
      seen.set(minute, { seconds: seconds + 1, volume: before + volume });
    }
    return [...seen].filter(([, { seconds }]) => seconds === 60);
  }, [view.path]);
  if (minutes.length < 2) return <p class="quiet">Two whole minutes have to be seen first.</p>;
  return (
    <SeriesChart
      label="Volume by minute, and what is usual then"
      unit="traded"
      xs={minutes.map(([minute]) => minute * 60)}
      lines={[
        {
          label: "traded in the minute",
          colour: "plan",
          shape: "bars",
          width: 1,
          digits: 3,
          values: minutes.map(([, { volume }]) => volume),
        },
        { ...USUAL, values: minutes.map(([minute]) => usualMinute(view.dayVolume, minute * 60)) },
      ]}
      height={150}
    />
  );
}

/** The whole day, its hours to come with what is usual in them. */
function Quarters({ view: { time, dayVolume } }: { view: MarketView }) {
  const { quarters } = dayVolume;
  if (quarters.every(({ usual }) => usual === null)) return null;
  const midnight = Math.floor(time / 864e8) * DAY_SECONDS;
  return (
    <SeriesChart
      label="Volume by quarter of an hour of the UTC day, and what is usual then"
      unit="traded"
      xs={quarters.map((_, k) => midnight + k * QUARTER_SECONDS)}
      lines={[
        {
          label: "traded in the quarter",
          colour: "plan",
          shape: "bars",
          width: 1,
          digits: 3,
          values: quarters.map(({ traded }) =>
            traded === null || traded.coverage < LEAST_COVERAGE ? null : traded.value,
          ),
        },
        { ...USUAL, shape: "step", values: quarters.map(({ usual }) => usual) },
      ]}
      height={150}
    />
  );
}

/** As far as it was seen, so that a quarter in hand counts for its part. */
function Today({ dayVolume: { quarters } }: { dayVolume: DayVolume }) {
  let [traded, usual, covered] = [0, 0, 0];
  for (const quarter of quarters) {
    if (quarter.traded === null || quarter.usual === null) continue;
    const { value, coverage } = quarter.traded;
    traded += value * coverage;
    usual += quarter.usual * coverage;
    covered += coverage;
  }
  if (usual === 0) return null;
  return (
    <p>
      Today {number(traded, 3)}, × {number(traded / usual)} of the usual{" "}
      <span class="quiet">({share(covered / quarters.length, 0)} of the day seen)</span>
    </p>
  );
}
