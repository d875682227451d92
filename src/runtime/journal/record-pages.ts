/**
 * Record pages: the rows of a journal's table, a thousand at a time.
 *
 * One by one, through an iterator, takes more than twice as long. What must stay true: no statement
 * stands open between two pages, so a writer may go on meanwhile.
 */
import type { DatabaseSync } from "node:sqlite";

/** As SQLite has them: whoever reads holds the types against what they should be. */
export type RecordRow = readonly [
  sequence: unknown,
  kind: unknown,
  position: unknown,
  body: unknown,
  chain: unknown,
];

const PAGE_RECORDS = 1000;

/** In order of their sequence, both ends included. */
export function* recordPages(
  database: DatabaseSync,
  from: number,
  until: number,
): Generator<readonly RecordRow[]> {
  const select = database.prepare(
    "SELECT sequence, kind, position, body, chain FROM record " +
      "WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?",
  );
  select.setReturnArrays(true);
  let size = PAGE_RECORDS;
  for (let at = from; ;) {
    let rows: RecordRow[];
    try {
      rows = select.all(at, until, size) as unknown as RecordRow[];
    } catch (error) {
      if (size === 1) throw error;
      // Somewhere in it the file is damaged: what is before that place is shown.
      size = 1;
      continue;
    }
    yield rows;
    if (rows.length < size) return;
    // An INTEGER PRIMARY KEY is one.
    at = Number(rows.at(-1)![0]) + 1;
  }
}
