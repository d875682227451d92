/**
 * Order tables: what one order sent, decided and got, and what happened, each to be sorted.
 */
import type {
  ChildView,
  DecisionView,
  FillView,
  OrderView,
  TimelineEntry,
} from "../../../src/view/shapes.ts";
import { clock, grouped, share, UNKNOWN } from "../format.ts";
import { type Column, DataTable } from "../widgets/data-table.tsx";
import { CostBps, Panel } from "../widgets/figures.tsx";

const TIME_FIRST = { id: "time", desc: true };
const TALLEST = 380;

/** The oldest of many are in the journal alone. */
const shownOf = (shown: number, all: number): string =>
  shown === all ? String(all) : `the newest ${shown} of ${all}`;

const CHILDREN: readonly Column<ChildView>[] = [
  {
    id: "time",
    title: "Sent",
    unit: "UTC",
    width: "5rem",
    value: (child) => child.sentAt,
    cell: (child) => clock(child.sentAt),
  },
  {
    id: "kind",
    title: "Order",
    width: "minmax(9rem, 1fr)",
    value: ({ kind, timeInForce, postOnly }) => `${kind} ${postOnly ? "post-only" : timeInForce}`,
  },
  {
    id: "price",
    title: "Price",
    width: "6rem",
    isFigure: true,
    value: (child) => (child.limitPrice === null ? null : Number(child.limitPrice)),
    cell: (child) => (child.limitPrice === null ? "market" : grouped(child.limitPrice)),
  },
  {
    id: "quantity",
    title: "Quantity",
    width: "6.5rem",
    isFigure: true,
    isExtra: true,
    value: (child) => Number.parseFloat(child.quantity),
    cell: (child) => grouped(child.quantity),
  },
  {
    id: "filled",
    title: "Filled",
    width: "6rem",
    isFigure: true,
    value: (child) => Number.parseFloat(child.filled),
    cell: (child) => grouped(child.filled),
  },
  {
    id: "cost",
    title: "Cost",
    unit: "bps",
    width: "6.5rem",
    isFigure: true,
    isExtra: true,
    value: (child) => child.costBps,
    cell: (child) => <CostBps value={child.costBps} unit={false} />,
  },
  {
    id: "status",
    title: "Status",
    width: "minmax(6rem, 1fr)",
    value: (child) => child.status,
    cell: (child) => <span title={child.closeText ?? ""}>{child.status}</span>,
  },
  {
    id: "why",
    title: "Why",
    width: "minmax(14rem, 3fr)",
    isExtra: true,
    value: (child) => child.reasoning,
    cell: (child) => <span title={withSource(child)}>{child.reasoning}</span>,
  },
];

/** Nobody knows the source of what was decided before the viewer was told anything. */
const withSource = ({ reasoning, source }: OrderView["children"][number]): string =>
  source === null ? reasoning : `${reasoning} (${source})`;

export function Children({ view }: { view: OrderView }) {
  return (
    <Panel
      name="children"
      title="Orders sent"
      note={shownOf(view.children.length, view.counts.children)}
    >
      <DataTable
        label="Orders sent"
        columns={CHILDREN}
        rows={view.children}
        keyOf={(child) => child.id}
        sortedBy={TIME_FIRST}
        rowHeight={28}
        hasDetails
        height={TALLEST}
        empty="Nothing was sent yet."
      />
    </Panel>
  );
}

const DECISIONS: readonly Column<DecisionView>[] = [
  { id: "number", title: "No.", width: "3.5rem", isFigure: true, value: ({ number }) => number },
  {
    id: "time",
    title: "At",
    unit: "UTC",
    width: "5rem",
    value: (decision) => decision.time,
    cell: (decision) => clock(decision.time),
  },
  {
    id: "text",
    title: "Decided",
    weight: 2,
    width: "minmax(9rem, 1.4fr)",
    value: (decision) => decision.text,
    cell: ({ text, refusal }) =>
      refusal === null ? (
        text
      ) : (
        <span title={refusal}>
          {text} <strong class="unwell">refused: {refusal}</strong>
        </span>
      ),
  },
  {
    id: "why",
    title: "Why",
    width: "minmax(12rem, 3fr)",
    value: (decision) => decision.reasoning,
    cell: (decision) => <span title={decision.reasoning}>{decision.reasoning}</span>,
  },
  {
    id: "risk",
    title: "Risk",
    width: "minmax(8rem, 1.5fr)",
    isExtra: true,
    value: (decision) => decision.risk,
    cell: (decision) => <span title={decision.risk}>{decision.risk}</span>,
  },
  {
    id: "confidence",
    title: "Sure",
    unit: "%",
    width: "4.5rem",
    isFigure: true,
    isExtra: true,
    value: (decision) => decision.confidence,
    cell: (decision) => share(decision.confidence, 0),
  },
  { id: "source", title: "By", width: "5.5rem", isExtra: true, value: ({ source }) => source },
];

export function Decisions({ view }: { view: OrderView }) {
  return (
    <Panel
      name="decisions"
      title="Decisions"
      note={`${shownOf(view.decisions.length, view.counts.decisions)}, waits among them`}
    >
      <DataTable
        label="Decisions"
        columns={DECISIONS}
        rows={view.decisions}
        keyOf={(decision) => String(decision.number)}
        sortedBy={{ id: "number", desc: true }}
        rowHeight={28}
        hasDetails
        height={TALLEST}
        empty="Nothing was decided yet."
      />
    </Panel>
  );
}

const FILLS: readonly Column<FillView>[] = [
  {
    id: "time",
    title: "At",
    unit: "UTC",
    width: "5rem",
    value: (fill) => fill.time,
    cell: (fill) => clock(fill.time),
  },
  {
    id: "price",
    title: "Price",
    width: "1fr",
    isFigure: true,
    value: (fill) => Number(fill.price),
    cell: (fill) => grouped(fill.price),
  },
  {
    id: "quantity",
    title: "Quantity",
    width: "1fr",
    isFigure: true,
    value: (fill) => Number.parseFloat(fill.quantity),
    cell: (fill) => grouped(fill.quantity),
  },
  { id: "liquidity", title: "As", width: "4.5rem", value: (fill) => fill.liquidity },
  {
    id: "fee",
    title: "Fee",
    weight: 1.6,
    width: "1.4fr",
    isFigure: true,
    value: (fill) => Number(fill.fee),
    cell: (fill) => `${grouped(fill.fee)} ${fill.feeCoin}`,
  },
];

export function Fills({ view }: { view: OrderView }) {
  return (
    <Panel name="fills" title="Fills" note={shownOf(view.fills.length, view.counts.fills)}>
      <DataTable
        label="Fills"
        columns={FILLS}
        rows={view.fills}
        keyOf={(fill) => `${fill.executionId} ${fill.time} ${fill.price}`}
        sortedBy={TIME_FIRST}
        rowHeight={28}
        hasDetails
        height={TALLEST}
        empty="Nothing filled yet."
      />
    </Panel>
  );
}

const MARKS = { info: "", warning: "⚠ ", critical: "⛔ " } as const;

/** Those of a whole desk come from many journals, each with records of its own. */
type Told = TimelineEntry & { readonly journal?: string };

/** Records of one instant stand in their own order. */
const placeOf = ({ time, record }: Told): string =>
  `${String(time).padStart(17, "0")} ${String(record).padStart(12, "0")}`;

const EVENTS: readonly Column<Told>[] = [
  {
    id: "time",
    title: "At",
    unit: "UTC",
    width: "5rem",
    value: placeOf,
    cell: (entry) => clock(entry.time),
  },
  {
    id: "text",
    title: "What happened",
    weight: 4,
    width: "minmax(10rem, 4fr)",
    value: (entry) => entry.text,
    cell: ({ text, severity }) => (
      <span class={`event-${severity}`} title={text}>
        {MARKS[severity]}
        {text}
      </span>
    ),
  },
  {
    id: "order",
    title: "Order",
    width: "minmax(6rem, 1fr)",
    isExtra: true,
    value: (entry) => entry.parentId ?? UNKNOWN,
    cell: (entry) => entry.parentId ?? "all",
  },
  {
    id: "kind",
    title: "Kind",
    width: "minmax(7rem, 1fr)",
    isExtra: true,
    value: ({ kind }) => kind,
  },
  {
    id: "record",
    title: "Record",
    width: "5rem",
    isFigure: true,
    isExtra: true,
    value: (entry) => entry.record,
  },
];

export function Events({
  entries,
  height = TALLEST,
  filter = "",
}: {
  readonly entries: readonly Told[];
  readonly height?: number;
  readonly filter?: string;
}) {
  return (
    <Panel name="events" title="Events" note="as they stand in the journal">
      <DataTable
        label="Events"
        columns={EVENTS}
        rows={entries}
        keyOf={({ journal, record, parentId, kind, text }) =>
          `${journal} ${record} ${parentId} ${kind} ${text}`
        }
        sortedBy={TIME_FIRST}
        filter={filter}
        rowHeight={28}
        hasDetails
        height={height}
        empty="Nothing has happened yet."
      />
    </Panel>
  );
}
