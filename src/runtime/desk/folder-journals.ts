/**
 * Folder journals: orders of runs that have ended, as the journals in a folder tell of them.
 *
 * Each is folded again, one at a time, while the desk does its work; what was found is kept as long
 * as the file is the same. What must stay true: a file that is foreign, broken or gone is told of,
 * and fails nothing else.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { err, type Result } from "../../core/domain/errors.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { OrderRow } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import { type JournalViewOptions, openJournalView } from "../journal-view.ts";
import type { Plugin } from "../plugin.ts";
import type { DeskFault, OpenedJournal } from "./desk-terms.ts";

export interface FolderJournalsOptions {
  readonly folder: string;
  readonly plugins: readonly Plugin[];
  readonly timers: Timers;
  /** Of a run of this desk, or of one that another process works: told by those. */
  readonly isLive: (journal: string) => boolean;
  readonly onChange: () => void;
}

interface Known {
  /** Size and time of change. */
  readonly stamp: string;
  /** Undefined: it has not been read yet. */
  readonly rows: readonly OrderRow[] | undefined;
  readonly note: RunNote | undefined;
}

const LOOK_NANOS = 10e9;
/** Others have their turns between two journals. */
const PAUSE_NANOS = 20e6;
const MOST_JOURNALS = 2_000;

export class FolderJournals {
  readonly #options: FolderJournalsOptions;
  readonly #known = new Map<string, Known>();
  #isReading = false;
  #isClosed = false;
  #stopLooking: (() => void) | undefined;

  constructor(options: FolderJournalsOptions) {
    this.#options = options;
  }

  /** Looks now, and again from time to time. */
  start(): void {
    if (this.#isClosed) return;
    this.look();
    this.#stopLooking = this.#options.timers.after(LOOK_NANOS, () => this.start());
  }

  close(): void {
    this.#isClosed = true;
    this.#stopLooking?.();
  }

  get rows(): readonly OrderRow[] {
    return this.#told.flatMap(([, { rows = [] }]) => rows);
  }

  get notes(): readonly RunNote[] {
    return this.#told.flatMap(([, { note }]) => note ?? []);
  }

  get #told(): readonly (readonly [string, Known])[] {
    return [...this.#known].filter(([journal]) => !this.#options.isLive(journal));
  }

  /** What is new in the folder, or another than it was, is read. */
  look(): void {
    if (this.#isClosed) return;
    const there = journalsIn(this.#options.folder);
    for (const journal of this.#known.keys()) {
      if (!there.has(journal)) this.#known.delete(journal);
    }
    for (const [journal, stamp] of there) {
      const known = this.#known.get(journal);
      if (known?.stamp === stamp || this.#options.isLive(journal)) continue;
      this.#known.set(journal, { stamp, rows: undefined, note: known?.note });
    }
    if (!this.#isReading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        const [journal, { stamp }] = next;
        this.#known.set(journal, { stamp, ...(await this.#read(journal)) });
        if (this.#isClosed) return;
        this.#options.onChange();
        await new Promise<void>((done) => void this.#options.timers.after(PAUSE_NANOS, done));
      }
    } finally {
      this.#isReading = false;
    }
  }

  #next(): readonly [string, Known] | undefined {
    if (this.#isClosed) return undefined;
    return this.#told.find(([, { rows }]) => rows === undefined);
  }

  async #read(journal: string): Promise<Required<Pick<Known, "rows" | "note">>> {
    const { folder, plugins } = this.#options;
    const opened = await opening(join(folder, journal), plugins, { most: 1 });
    if (!opened.ok) return { rows: [], note: noteOf(journal, "", opened.error.text) };
    const view = opened.value;
    try {
      const { orders } = await view.at();
      const rows = orders.map(({ row }) => ended(row));
      const { venue = "" } = rows[0] ?? {};
      return { rows, note: { ...noteOf(journal, view.instrument, null), venue } };
    } catch (error) {
      const text = `it cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
      return { rows: [], note: noteOf(journal, view.instrument, text) };
    } finally {
      view.close();
    }
  }
}

const ended = (row: OrderRow): OrderRow => ({ ...row, isLive: false });

const noteOf = (journal: string, instrument: string, trouble: string | null): RunNote => ({
  journal,
  instrument,
  venue: "",
  isLive: false,
  isKilled: false,
  trouble,
});

/** By name, with what tells one state of a file from another. */
function journalsIn(folder: string): ReadonlyMap<string, string> {
  const there = new Map<string, string>();
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return there;
  }
  for (const name of names.filter((each) => each.endsWith(".journal")).slice(0, MOST_JOURNALS)) {
    try {
      const { size, mtimeMs } = statSync(join(folder, name));
      there.set(name, `${size} ${mtimeMs}`);
    } catch {
      // Gone meanwhile.
    }
  }
  return there;
}

/** What a foreign file makes a reader throw is no fault of the desk. */
export async function opening(
  path: string,
  plugins: readonly Plugin[],
  options: Pick<JournalViewOptions, "most" | "isFilmed"> = {},
): Promise<Result<OpenedJournal, DeskFault>> {
  try {
    return await openJournalView(path, { plugins, ...options });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ code: "DESK_JOURNAL", text: `${basename(path)} cannot be opened: ${why}` });
  }
}

const JOURNAL_NAME = /^[^/\\\0]{1,200}\.journal$/;

/** One of the folder, by its name alone. */
export async function openNamed(
  folder: string,
  journal: string,
  plugins: readonly Plugin[],
): Promise<Result<OpenedJournal, DeskFault>> {
  if (!JOURNAL_NAME.test(journal) || !journalsIn(folder).has(journal)) {
    return err({ code: "DESK_JOURNAL", text: "there is no journal of that name in the folder" });
  }
  return opening(join(folder, journal), plugins, { isFilmed: true });
}
