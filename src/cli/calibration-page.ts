/**
 * Calibration page: what a fit found, as text for a terminal and as one JSON document.
 */
import type { Calibration, JudgedParameter } from "../runtime/calibration/calibrate.ts";
import type { ObservationKind } from "../runtime/calibration/calibration-observation.ts";
import type { GatheredOrders } from "../runtime/calibration/gather.ts";
import { bold, dim, Page, plain } from "./text-page.ts";

const WIDTH = 100;

/** What they are called, one and many. */
export const KIND_NAMES: Readonly<Record<ObservationKind, string>> = {
  "own-run": "orders of our own",
  "imported-fills": "orders from imported fills",
  "pseudo-metaorder": "pseudo-metaorders (runs of one-sided market orders)",
  metaorder: "metaorders of a generated market",
};

/** The word alone is for orders that somebody worked. */
export function verdictOf({ isCalibrated, kinds }: Calibration): string {
  if (!isCalibrated) return "fitted, not calibrated";
  const isOnlyRuns = [...kinds.keys()].every((kind) => kind === "pseudo-metaorder");
  return isOnlyRuns ? "calibrated to pseudo-metaorders only" : "calibrated";
}

export function calibrationPage(
  result: Calibration,
  gathered: GatheredOrders,
  colour: boolean,
): string {
  const page = new Page(colour, WIDTH);
  const kinds = [...result.kinds].map(([kind, count]) => `${counted(count)} ${KIND_NAMES[kind]}`);
  page.line(`${result.model.name} on ${kinds.join(", ")}`, "bold");
  page.line(gathered.source);
  for (const [why, times] of gathered.leftOut) page.line(`left out: ${counted(times)}, ${why}`);
  page.line();
  page.line(verdictOf(result).toUpperCase(), result.isCalibrated ? "green" : "red");
  parameters(page, result);
  heldOut(page, result);
  if (result.reasons.length > 0) {
    page.heading("Why it is not called calibrated");
    for (const reason of result.reasons) page.line(`- ${reason}`);
  }
  if (result.cautions.length > 0) {
    page.heading("What to know");
    for (const caution of result.cautions) page.line(`- ${caution}`);
  }
  return page.text();
}

function parameters(page: Page, { parameters: fitted, held, orders, width, ...rest }: Calibration) {
  page.heading("Parameters");
  const titles = ["", "value", "error", "90 % interval", "significant", "orders needed"];
  const rows = fitted.map((one) => [
    bold(one.name),
    plain(digits(one.value)),
    plain(digits(one.standardError)),
    plain(`${digits(one.low)} to ${digits(one.high)}`),
    plain(one.isSignificant ? "yes" : "no"),
    plain(neededText(one)),
  ]);
  page.table([titles.map(dim), ...rows], ["left", "right", "right", "right", "left", "right"]);
  for (const { name, value, why } of held) page.line(`  ${name} ${digits(value)}, ${why}`);
  page.line(
    `fitted on ${counted(orders.fitted)} orders in ${counted(orders.clusters)} clusters, ` +
      `${rest.effectiveClusters.toFixed(1)} of them effective; a cluster spans ${width}`,
    "dim",
  );
  page.line("needed: about how many such orders show it, at 5 % with a power of 80 %", "dim");
}

const neededText = ({ ordersNeeded }: JudgedParameter): string =>
  ordersNeeded === undefined ? "cannot say" : counted(ordersNeeded);

function heldOut(page: Page, { heldOut: later, noise, constantBps, moves }: Calibration): void {
  const rows: (readonly [string, string])[] = [];
  if (later === undefined) page.line("nothing was held out", "dim");
  else {
    const { interval, mean } = later.gain;
    page.heading(`On ${counted(later.orders)} later orders, in ${later.clusters} clusters`);
    rows.push(
      ["error", `${bps(later.errorBps)}; of a constant ${bps(later.constantErrorBps)}`],
      ["R² against that", later.rSquared.toFixed(4)],
      [
        "gain over it",
        `${mean.toFixed(4)} sigma² an order, ` +
          (interval === undefined
            ? "no interval: too few clusters"
            : `95 %: ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}`),
      ],
      ["inside the 90 %", `${(later.inside * 100).toFixed(1)} %`],
    );
  }
  rows.push(
    ["constant", `${bps(constantBps)}, the mean cost of the earlier orders`],
    ["noise of one order", `${bps(noise.floorBps)} and ${noise.riskShare.toFixed(2)} price risks`],
  );
  if (moves !== undefined) {
    const { orders, endBps, laterBps } = moves;
    const text = `${bps(endBps)} by the end, ${bps(laterBps)} later (of ${counted(orders)})`;
    rows.push(["the mid moved", text]);
  }
  page.table(
    rows.map(([name, text]) => [dim(name), plain(text)]),
    ["left", "left"],
  );
}

const counted = (count: number): string => count.toLocaleString("en-US");
const bps = (value: number): string => `${value.toFixed(Math.abs(value) < 1 ? 3 : 2)} bps`;

/** Four digits, and never an exponent that a person has to count. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return "no end";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  return value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(Math.max(size, 1e-4)))));
}

/** The end of an interval that has none is `null`. */
export function calibrationJson(result: Calibration, gathered: GatheredOrders) {
  const { model, kinds, judged: _judged, heldOut: later, moves, ...rest } = result;
  return {
    model: model.name,
    status: verdictOf(result),
    source: gathered.source,
    market: gathered.market,
    observations: Object.fromEntries(kinds),
    leftOut: Object.fromEntries(gathered.leftOut),
    ...rest,
    heldOut: later ?? null,
    moves: moves ?? null,
  };
}
