/**
 * Baseline section: the same terms by other strategies on the same market.
 *
 * One stretch of market shows what happened there; only many stretches show what to expect, and
 * they alone have an interval.
 */
import { type Block, column, costTone, pictures, type Section, text } from "./document.ts";
import { bpsText, countText, pText, shareText } from "./figure-text.ts";
import { barsPicture, forestPicture } from "./pictures/comparison-pictures.ts";
import type {
  BaselineHere,
  BaselineReport,
  BaselineWindows,
  DifferenceFigures,
} from "./report-data.ts";

export function baselineSection(baselines: BaselineReport): Section {
  const title = "Against other strategies on the same market";
  if (baselines.kind === "none") {
    return { title, blocks: [{ kind: "text", text: `Not compared: ${baselines.why}.` }] };
  }
  const { here, windows, market, noWindows } = baselines;
  return {
    title,
    blocks: [
      { kind: "text", text: market },
      ...pictures(
        barsPicture(
          "The same terms on this stretch of market",
          here.map(({ arm, costBps, isOwn }) => ({ name: arm, bps: costBps, isOwn })),
        ),
      ),
      hereTable(here),
      ...(windows === null
        ? [
            {
              kind: "text" as const,
              text: `One stretch of market, so no interval: ${noWindows ?? ""}.`,
            },
          ]
        : windowBlocks(windows)),
    ],
  };
}

function hereTable(here: readonly BaselineHere[]): Block {
  return {
    kind: "table",
    caption: "The very stretch that the order was worked on",
    columns: [
      column("strategy", "text"),
      column("cost, bps"),
      column("before fees"),
      column("filled"),
      column("maker share"),
      column("this order saved, bps"),
    ],
    rows: here.map((row) => [
      text(row.arm, row.isOwn ? "strong" : undefined),
      text(bpsText(row.costBps), costTone(row.costBps)),
      text(bpsText(row.beforeFeesBps)),
      text(shareText(row.filled)),
      text(shareText(row.makerShare)),
      text(row.savingBps === null ? "" : bpsText(row.savingBps)),
    ]),
    note:
      "What is left unfilled is marked at one price for all, the mid at the deadline or at the " +
      "end of the data. It costs no spread and no fee there: whoever filled less looks better " +
      "than it is. One pair each, so no interval, and it may be luck.",
  };
}

function windowBlocks(windows: BaselineWindows): readonly Block[] {
  const named = windows.arms.flatMap(({ arm, saving }) =>
    saving === null ? [] : [{ name: `against ${arm}`, ...saving }],
  );
  return [
    { kind: "text", text: windows.text },
    ...pictures(
      forestPicture(
        "What the strategy of this order saves, over many stretches",
        "bps, + is saved",
        named,
      ),
    ),
    {
      kind: "table",
      caption:
        `${countText(windows.windows)} stretches of market, ${countText(windows.independent)} ` +
        "of them independent",
      columns: [
        column("strategy", "text"),
        column("mean cost, bps"),
        column("filled"),
        column("saved, bps"),
        column("95 %"),
        column("p"),
        column("pairs needed"),
      ],
      rows: windows.arms.map(({ arm, isOwn, meanBps, filled, saving }) => [
        text(arm, isOwn ? "strong" : undefined),
        text(bpsText(meanBps), costTone(meanBps)),
        text(shareText(filled)),
        text(saving === null ? "" : bpsText(saving.meanBps)),
        text(saving === null ? "" : intervalText(saving)),
        text(saving === null ? "" : pText(saving.p)),
        text(neededText(saving)),
      ]),
      note:
        "Saved: the cost of that strategy less that of this order's, on the same stretch. 95 % " +
        "by cluster bootstrap-t, p corrected by Holm. Pairs needed: about how many show a " +
        "difference of that size (5 %, power 80 %). Costs include fees; resting orders wait by " +
        "the model that the journal names.",
    },
  ];
}

export const intervalText = ({ low, high }: DifferenceFigures): string =>
  low === null || high === null ? "not known" : `${bpsText(low)} … ${bpsText(high)}`;

/** Fewer say next to nothing of how much stretches differ. */
const FEW = 5;
const neededText = (saving: DifferenceFigures | null): string =>
  saving === null || saving.pairsNeeded === null || saving.clusters < FEW
    ? ""
    : countText(saving.pairsNeeded);
