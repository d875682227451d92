/**
 * Row store: the file in which an evaluation keeps each row as soon as it has it.
 *
 * The first line says what evaluation it is, every other one holds a row. What must stay true: a
 * line that was cut off is worked again, and a file is gone on with only by the evaluation that
 * began it.
 */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { type EvaluationRow, keyOf } from "./evaluation-row.ts";

export interface RowFault {
  readonly code: "EVALUATION_FILE";
  readonly text: string;
}

export interface ReadRows {
  /** Of which evaluation, as its first line says. */
  readonly identity: unknown;
  readonly rows: readonly EvaluationRow[];
}

/** Rows by key: kept in memory, and in a file where one was named. */
export class RowStore {
  readonly #rows = new Map<string, EvaluationRow>();
  readonly #file: number | undefined;

  private constructor(file?: number) {
    this.#file = file;
  }

  static inMemory(): RowStore {
    return new RowStore();
  }

  /** @param identity what makes it another evaluation, as plain JSON. */
  static open(path: string, identity: object): Result<RowStore, RowFault> {
    const head = canonicalJson({ evaluation: 1, ...identity });
    try {
      const isNew = !existsSync(path);
      const lines = isNew ? [] : readFileSync(path, "utf8").split("\n");
      if (!isNew && lines[0] !== head) {
        const text = `${path} holds something else, or another evaluation: name another file`;
        return err({ code: "EVALUATION_FILE", text });
      }
      const store = new RowStore(openSync(path, "a", 0o600));
      if (isNew) store.#write(`${head}\n`);
      else if (lines.at(-1) !== "") store.#write("\n");
      for (const line of lines.slice(1)) store.#take(line);
      return ok(store);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return err({ code: "EVALUATION_FILE", text: `${path}: ${why}` });
    }
  }

  /** To look at, not to go on with. */
  static read(path: string): Result<ReadRows, RowFault> {
    try {
      const [head = "", ...lines] = readFileSync(path, "utf8").split("\n");
      const store = new RowStore();
      for (const line of lines) store.#take(line);
      return ok({ identity: JSON.parse(head) as unknown, rows: store.rows });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return err({ code: "EVALUATION_FILE", text: `${path}: ${why}` });
    }
  }

  get rows(): readonly EvaluationRow[] {
    return [...this.#rows.values()];
  }

  find<Kind extends EvaluationRow["kind"]>(
    kind: Kind,
    key: string,
  ): Extract<EvaluationRow, { kind: Kind }> | undefined {
    const row = this.#rows.get(key);
    return row?.kind === kind ? (row as Extract<EvaluationRow, { kind: Kind }>) : undefined;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  add(row: EvaluationRow): void {
    this.#rows.set(keyOf(row), row);
    if (this.#file !== undefined) this.#write(`${canonicalJson(row)}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #write(text: string): void {
    writeSync(this.#file!, text);
  }

  /** A line that was cut off says nothing. */
  #take(line: string): void {
    try {
      const row = JSON.parse(line) as EvaluationRow;
      if (KINDS.has(row.kind)) this.#rows.set(keyOf(row), row);
    } catch {
      // It is worked again.
    }
  }
}

const KINDS: ReadonlySet<string> = new Set(["parent", "training", "judged", "twin"]);
