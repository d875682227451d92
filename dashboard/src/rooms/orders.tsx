/**
 * Orders: the list of all orders, live ones first: filter, sort, walk by keys, open one.
 *
 * It is sorted anew once a second at most, or nobody could click a line; what stands in a line is
 * always the newest.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { OrderRow } from "../../../src/view/shapes.ts";
import { amount, phaseWord, share, span } from "../format.ts";
import { replica, takesOrders } from "../state/desk.ts";
import { open } from "../state/route.ts";
import { AgainstBps, CostBps, Health, Progress } from "../widgets/figures.tsx";
import { type Column, DataTable } from "../widgets/data-table.tsx";

const SORT_EVERY = 1_000;

const secondsLeft = ({ deadline, endedAt }: OrderRow): number =>
  endedAt !== null ? 0 : (deadline - Date.now() * 1000 - replica.clockAhead.peek()) / 1e6;

const COLUMNS: readonly Column<OrderRow>[] = [
  {
    id: "order",
    title: "Order",
    weight: 0.8,
    width: "minmax(6.5rem, 1fr)",
    value: (row) => row.parentId,
  },
  {
    id: "symbol",
    title: "Symbol",
    weight: 1.25,
    width: "minmax(5.5rem, 1fr)",
    value: (row) => row.symbol,
    cell: ({ side, symbol }) => (
      <>
        <span class={`side ${side} phone`} title={side}>
          {side === "buy" ? "▲" : "▼"}
        </span>{" "}
        {symbol}
      </>
    ),
  },
  {
    id: "side",
    title: "Side",
    width: "3.6rem",
    isExtra: true,
    value: (row) => row.side,
    cell: ({ side }) => (
      <span class={`side ${side}`}>
        <span aria-hidden="true">{side === "buy" ? "▲" : "▼"}</span> {side}
      </span>
    ),
  },
  {
    id: "quantity",
    title: "Quantity",
    width: "minmax(7rem, 1fr)",
    isFigure: true,
    isExtra: true,
    value: (row) => Number.parseFloat(row.quantity),
    cell: (row) => amount(row.quantity),
  },
  {
    id: "done",
    title: "Done",
    weight: 0.75,
    unit: "%",
    width: "minmax(6rem, 1.2fr)",
    isFigure: true,
    value: (row) => row.filledShare,
    cell: ({ filledShare, parentId }) => (
      <>
        <Progress share={filledShare} label={`${parentId} filled`} /> {share(filledShare)}
      </>
    ),
  },
  {
    id: "shortfall",
    title: "Shortfall",
    weight: 1.2,
    unit: "bps",
    width: "minmax(6.2rem, 1fr)",
    isFigure: true,
    value: (row) => row.shortfallBps,
    cell: (row) => <CostBps value={row.shortfallBps} unit={false} />,
  },
  {
    id: "twap",
    title: "Against TWAP",
    unit: "bps",
    width: "minmax(7.5rem, 1fr)",
    isFigure: true,
    isExtra: true,
    value: (row) => row.againstTwapBps,
    cell: (row) => <AgainstBps value={row.againstTwapBps} />,
  },
  {
    id: "left",
    title: "Time left",
    width: "6.5rem",
    isFigure: true,
    isExtra: true,
    value: secondsLeft,
    cell: (row) => (row.isLive ? span(secondsLeft(row)) : "ended"),
  },
  {
    id: "strategy",
    title: "Strategy",
    width: "minmax(5rem, 1fr)",
    isExtra: true,
    value: (row) => row.strategy,
    cell: (row) => (
      <>
        {row.strategy}
        {row.isAdvised && <span title="an advisor is asked"> + advice</span>}
      </>
    ),
  },
  {
    id: "health",
    title: "Market data",
    width: "6.5rem",
    isExtra: true,
    value: (row) => row.health,
    cell: (row) => (row.isLive ? <Health health={row.health} /> : <span class="quiet">ended</span>),
  },
  {
    id: "phase",
    title: "Phase",
    width: "minmax(6rem, 1fr)",
    value: (row) => `${row.halt === null ? "" : "! "}${row.phase}`,
    cell: (row) => (
      <span class={`phase phase-${row.phase}`} title={row.halt ?? row.reason}>
        {row.halt !== null && <strong>! </strong>}
        {phaseWord(row.phase)}
      </span>
    ),
  },
];

const CHOICES = ["all", "live", "needs a look", "ended"] as const;
type Choice = (typeof CHOICES)[number];

function isChosen(row: OrderRow, choice: Choice): boolean {
  if (choice === "live") return row.isLive;
  if (choice === "ended") return !row.isLive;
  if (choice === "needs a look")
    return row.halt !== null || (row.isLive && row.health !== "healthy");
  return true;
}

/** The rows as they were a second ago at most: to sort and to count by. */
function useRows(): readonly OrderRow[] {
  const [rows, setRows] = useState(() => replica.allRows());
  useEffect(() => {
    let seen = replica.rowsVersion.peek();
    setRows(replica.allRows());
    const timer = setInterval(() => {
      if (replica.rowsVersion.peek() === seen) return;
      seen = replica.rowsVersion.peek();
      setRows(replica.allRows());
    }, SORT_EVERY);
    return () => clearInterval(timer);
  }, []);
  return rows;
}

export function Orders() {
  const rows = useRows();
  const filter = useSignal("");
  const choice = useSignal<Choice>("all");
  const chosen = useMemo(
    () => rows.filter((row) => isChosen(row, choice.value)),
    [rows, choice.value],
  );
  const known = replica.isListKnown.value;
  return (
    <div class="room room-orders">
      <h1 class="unseen">Orders</h1>
      <div class="tools">
        <input
          type="search"
          data-filter
          aria-label="Filter orders"
          placeholder="Filter ( / )"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <div class="choices" role="group" aria-label="Which orders">
          {CHOICES.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={choice.value === each}
              onClick={() => (choice.value = each)}
            >
              {each} <span class="count">{rows.filter((row) => isChosen(row, each)).length}</span>
            </button>
          ))}
        </div>
        <p class="legend">
          Shortfall and TWAP in basis points, signed by their words; costs so far, the rest at the
          mid.
        </p>
      </div>
      <DataTable
        label="Orders"
        columns={COLUMNS}
        rows={chosen}
        keyOf={(row) => row.parentId}
        live={(row) => replica.row(row.parentId)?.value ?? row}
        filter={filter.value}
        empty={
          known
            ? `No order here.${takesOrders() ? " “New order” begins one." : ""}`
            : "Waiting for the server to tell of its orders…"
        }
        onOpen={(row) => open("order", row.parentId)}
      />
    </div>
  );
}
