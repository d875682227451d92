/**
 * Archive text: what parents have done since the checkpoint before, as the journal keeps it.
 *
 * A run does much more than it has at work, so this is most of what a checkpoint writes: objects
 * stand column by column, and a column that says the same in every row says it once. What must stay
 * true: what is read is what was written, but for members that were undefined, which are absent.
 */
import { invariant } from "../../core/domain/errors.ts";
import type { ChildOrder } from "../../core/domain/child-order.ts";
import type { Archive } from "../../core/execution/saved-state.ts";
import type { ExecutedFill, Markout } from "../../core/tca/execution.ts";

/** Path of a member, `terms.side`, and what each row has there; null: nothing. */
type Column = readonly [path: string, values: readonly unknown[]];
type Table = readonly [rows: number, ...columns: readonly Column[]];

interface Piece {
  readonly id: string;
  readonly closed: Table;
  readonly fills: Table;
  readonly markouts: Table;
  readonly reasonings: readonly string[];
}

/** "" where nothing was done. */
export function archiveText(archive: Archive): string {
  if (archive.length === 0) return "";
  const pieces: Piece[] = archive.map(({ id, closed, fills, markouts, reasonings }) => ({
    id,
    closed: tableOf(closed),
    fills: tableOf(fills),
    markouts: tableOf(markouts),
    reasonings,
  }));
  return JSON.stringify(pieces);
}

/** Of a text whose hash is known to fit. */
export const parseArchive = (text: string): Archive =>
  (JSON.parse(text) as readonly Piece[]).map(({ id, closed, fills, markouts, reasonings }) => ({
    id,
    closed: objectsIn<ChildOrder>(closed),
    fills: objectsIn<ExecutedFill>(fills),
    markouts: objectsIn<Markout>(markouts),
    reasonings,
  }));

function tableOf(objects: readonly object[]): Table {
  const columns = new Map<string, unknown[]>();
  const put = (object: object, row: number, prefix: string): void => {
    for (const name in object) {
      const member = (object as Record<string, unknown>)[name];
      if (member === undefined) continue;
      const path = prefix + name;
      if (isObject(member)) {
        put(member, row, `${path}.`);
        continue;
      }
      let values = columns.get(path);
      if (values === undefined) {
        invariant(!name.includes("."), `a point in ${name} would part it`);
        values = objects.map(() => null);
        columns.set(path, values);
      }
      invariant(member !== null, `${path} is null, which a column has for nothing`);
      values[row] = member;
    }
  };
  for (const [row, object] of objects.entries()) put(object, row, "");
  return [
    objects.length,
    ...Array.from(columns, ([path, values]) => [path, short(values)] as const),
  ];
}

/** With members of its own: a list is a value, and so is what has nothing in it. */
function isObject(member: unknown): member is object {
  if (typeof member !== "object" || member === null || Array.isArray(member)) return false;
  for (const name in member) {
    if ((member as Record<string, unknown>)[name] !== undefined) return true;
  }
  return false;
}

function short(values: readonly unknown[]): readonly unknown[] {
  const [first] = values;
  return values.every((value) => value === first) ? [first] : values;
}

function objectsIn<Kind>([rows, ...columns]: Table): Kind[] {
  const objects = Array.from({ length: rows }, (): Record<string, unknown> => ({}));
  for (const [path, values] of columns) {
    const names = path.split(".");
    const last = names.pop()!;
    for (const [row, object] of objects.entries()) {
      const value = values.length === 1 ? values[0] : values[row];
      if (value === null) continue;
      let into = object;
      for (const name of names) into = (into[name] ??= {}) as Record<string, unknown>;
      into[last] = value;
    }
  }
  return objects as Kind[];
}
