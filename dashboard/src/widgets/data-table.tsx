/**
 * Data table: rows that can be sorted, filtered and walked by keys; only what is seen is drawn.
 *
 * TanStack's table sorts and filters, its virtualizer says which rows are seen. A row may be drawn
 * from something fresher than what it was sorted by (`live`), so that a list need not be sorted at
 * each change.
 */
import {
  columnFilteringFeature,
  constructTable,
  createColumnHelper,
  createFilteredRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
} from "@tanstack/table-core";
import { storeReactivityBindings } from "@tanstack/table-core/store-reactivity-bindings";
import { Component, type ComponentChildren, type RefObject } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { useVirtualRows } from "./virtual-rows.ts";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Said in the heading; empty or absent: words, or told in each cell. */
  readonly unit?: string;
  readonly isFigure?: boolean;
  /** As a grid track, such as `6rem` or `1fr`. */
  readonly width: string;
  /** Left out where there is little room. */
  readonly isExtra?: boolean;
  /** Its part of a phone's width; absent: 1. */
  readonly weight?: number;
  /** To sort and to filter by; null comes last, whichever way. */
  value(row: Row): number | string | null;
  cell?(row: Row): ComponentChildren;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  keyOf(row: Row): string;
  /** The row as it is now. */
  live?(row: Row): Row;
  readonly filter?: string;
  readonly sortedBy?: { readonly id: string; readonly desc: boolean };
  readonly rowHeight?: number;
  /** Pixels; the table scrolls within. Absent: as CSS has it. */
  readonly height?: number;
  readonly empty: string;
  onOpen?(row: Row): void;
  /** A row opens to all that stands in it, whole: a table cuts long words off. */
  readonly hasDetails?: boolean;
}

interface Item<Row> {
  readonly key: string;
  readonly row: Row;
}

const FEATURES = tableFeatures({
  coreReactivityFeature: storeReactivityBindings(),
  rowSortingFeature,
  columnFilteringFeature,
  globalFilteringFeature,
  sortedRowModel: createSortedRowModel(),
  filteredRowModel: createFilteredRowModel(),
  sortFns: { basic: sortFn_basic },
  filterFns: { includesString: filterFn_includesString },
});

function tableOf<Row>({ columns, sortedBy }: DataTableProps<Row>) {
  const helper = createColumnHelper<typeof FEATURES, Item<Row>>();
  return constructTable<typeof FEATURES, Item<Row>>({
    features: FEATURES,
    columns: helper.columns(
      columns.map(({ id, value }) =>
        helper.accessor(({ row }) => value(row) ?? undefined, {
          id,
          sortFn: "basic",
          sortUndefined: "last",
        }),
      ),
    ),
    data: [],
    getRowId: ({ key }) => key,
    globalFilterFn: "includesString",
    getColumnCanGlobalFilter: () => true,
    initialState: { sorting: sortedBy === undefined ? [] : [sortedBy] },
  });
}

/** Sorted and filtered; `sort` is what is sorted by now. */
function useTable<Row>(props: DataTableProps<Row>) {
  const [, again] = useState(0);
  // Columns are said once, as constants; what is in them comes with the rows.
  const table = useMemo(() => tableOf(props), []);
  const { keyOf, rows, filter } = props;
  const data = useMemo(() => rows.map((row) => ({ key: keyOf(row), row })), [rows]);
  useMemo(() => table.setOptions((before) => ({ ...before, data })), [data]);
  useMemo(() => table.setGlobalFilter(filter ?? ""), [filter]);
  const sort = table.atoms.sorting.get()[0];
  const model = table.getRowModel().rows;
  const items = useMemo(() => model.map(({ original }) => original), [model]);
  return {
    items,
    sort,
    sortBy(id: string): void {
      table.setSorting([{ id, desc: sort?.id === id ? !sort.desc : false }]);
      again((count) => count + 1);
    },
  };
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rowHeight = 34, height, empty, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const { items, sort, sortBy } = useTable(props);
  const seen = useVirtualRows(box, items.length, rowHeight);
  const [detail, setDetail] = useState<Row | undefined>(undefined);
  const openRow =
    onOpen ?? (props.hasDetails === true ? (row: Row) => setDetail(() => row) : undefined);
  const { at, setAt, onKey } = useWalk(props, items, box, seen.scrollTo, openRow);
  const name = (key: string): string => `${label}-${key}`.replaceAll(/[^\w-]/g, "_");
  const main = columns.filter(({ isExtra }) => isExtra !== true);
  const looks = {
    "--tracks": columns.map(({ width }) => width).join(" "),
    "--main-tracks": main.map(({ weight = 1 }) => `minmax(0, ${weight}fr)`).join(" "),
    ...(height !== undefined && { maxHeight: `${height}px` }),
  };
  return (
    <>
      <div
        class="data-table"
        role="grid"
        aria-label={label}
        aria-rowcount={items.length + 1}
        aria-activedescendant={at === undefined ? undefined : name(at)}
        tabIndex={0}
        ref={box}
        onKeyDown={onKey}
        style={looks}
      >
        <Headings columns={columns} sort={sort} sortBy={sortBy} />
        <div class="rows" role="rowgroup" style={{ height: `${seen.total}px` }}>
          {seen.rows.map(({ index, start }) => {
            const item = items[index];
            return item === undefined ? null : (
              <StillLine
                key={item.key}
                id={name(item.key)}
                item={item}
                table={props}
                index={index}
                start={start}
                isAt={item.key === at}
                onClick={() => {
                  setAt(item.key);
                  openRow?.(item.row);
                }}
              />
            );
          })}
        </div>
        {items.length === 0 && (
          <div class="empty" role="row">
            <span role="gridcell">{empty}</span>
          </div>
        )}
      </div>
      {detail !== undefined && (
        <Details
          label={label}
          columns={columns}
          row={detail}
          onClose={() => setDetail(undefined)}
        />
      )}
    </>
  );
}

/** Which row the keys are at, and how they move it. */
function useWalk<Row>(
  { rowHeight = 34 }: DataTableProps<Row>,
  items: readonly Item<Row>[],
  box: RefObject<HTMLDivElement | null>,
  scrollTo: (index: number) => void,
  openRow: ((row: Row) => void) | undefined,
) {
  const [at, setAt] = useState<string | undefined>(undefined);
  const index = items.findIndex(({ key }) => key === at);
  const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / rowHeight) - 2);
  const onKey = (event: KeyboardEvent): void => {
    const next = nextIndex(event.key, index, items.length, page);
    const open = items[index];
    if (next !== undefined) {
      const place = Math.max(0, Math.min(items.length - 1, next));
      setAt(items[place]?.key);
      scrollTo(place);
    } else if (event.key === "Enter" && open !== undefined) openRow?.(open.row);
    else return;
    event.preventDefault();
  };
  return { at: index < 0 ? undefined : at, setAt, onKey };
}

function Details<Row>({
  label,
  columns,
  row,
  onClose,
}: {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
  onClose(): void;
}) {
  return (
    <Dialog title={label} onClose={onClose}>
      <dl class="details">
        {columns.map(({ id, title, unit, cell, value }) => (
          <div key={id}>
            <dt>
              {title} {unit}
            </dt>
            <dd>{cell === undefined ? (value(row) ?? "–") : cell(row)}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-end">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function nextIndex(key: string, at: number, count: number, page: number): number | undefined {
  if (count === 0) return undefined;
  if (key === "j" || key === "ArrowDown") return at + 1;
  if (key === "k" || key === "ArrowUp") return at - 1;
  if (key === "PageDown") return at + page;
  if (key === "PageUp") return at - page;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}

function Headings<Row>({
  columns,
  sort,
  sortBy,
}: {
  readonly columns: readonly Column<Row>[];
  readonly sort: { readonly id: string; readonly desc: boolean } | undefined;
  sortBy(id: string): void;
}) {
  const wayOf = (id: string) =>
    sort?.id !== id ? undefined : sort.desc ? "descending" : "ascending";
  return (
    <div class="headings" role="rowgroup">
      <div class="line" role="row">
        {columns.map(({ id, title, unit, isFigure, isExtra }) => (
          <div
            key={id}
            role="columnheader"
            aria-sort={wayOf(id)}
            class={cellClass(isFigure, isExtra)}
          >
            <button type="button" tabIndex={-1} onClick={() => sortBy(id)}>
              {title}
              {unit !== undefined && <span class="unit"> {unit}</span>}
              <span class="way" aria-hidden="true">
                {wayOf(id) === undefined ? "" : wayOf(id) === "ascending" ? " ▲" : " ▼"}
              </span>
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

const cellClass = (isFigure: boolean | undefined, isExtra: boolean | undefined): string =>
  `${isFigure === true ? "figure" : "words"}${isExtra === true ? " extra" : ""}`;

interface LineProps<Row> {
  readonly id: string;
  readonly item: Item<Row>;
  readonly table: DataTableProps<Row>;
  readonly index: number;
  readonly start: number;
  readonly isAt: boolean;
  onClick(): void;
}

/** Drawn again only where it is another line: a table that scrolls draws those that come in. */
class StillLine<Row> extends Component<LineProps<Row>> {
  override shouldComponentUpdate(next: LineProps<Row>): boolean {
    const { item, table, index, start, isAt } = this.props;
    const isSameRow =
      table.live === undefined ? item.row === next.item.row : item.key === next.item.key;
    return !isSameRow || index !== next.index || start !== next.start || isAt !== next.isAt;
  }

  override render(): ComponentChildren {
    return <Line {...this.props} />;
  }
}

/** A component of its own: a change of one row draws one row. */
function Line<Row>({ id, item, table, index, start, isAt, onClick }: LineProps<Row>) {
  const row = table.live?.(item.row) ?? item.row;
  return (
    <div
      class={`line${isAt ? " at" : ""}${table.onOpen === undefined && table.hasDetails !== true ? "" : " opens"}`}
      role="row"
      id={id}
      aria-rowindex={index + 2}
      aria-selected={isAt}
      style={{ transform: `translateY(${start}px)`, height: `${table.rowHeight ?? 34}px` }}
      onClick={onClick}
    >
      {table.columns.map(({ id: column, isFigure, isExtra, cell, value }) => (
        <div key={column} role="gridcell" class={cellClass(isFigure, isExtra)}>
          {cell === undefined ? (value(row) ?? "–") : cell(row)}
        </div>
      ))}
    </div>
  );
}
