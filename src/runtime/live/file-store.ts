/**
 * File store: a run in files: its journal, and beside it an event file of market rows per session.
 *
 * `run.journal` has `run.market.arrival` beside it, and `run.market.2.arrival` once it was gone on
 * with. What must stay true: one process at a time; and whatever instant the run was cut off at,
 * `resume` finds every commit that had returned, with the rows that its events were decided on.
 */
import { existsSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { MarketBlock } from "../../core/market/columns.ts";
import { EventFileError } from "../../data/event-file/damage.ts";
import { type EventFile, openEventFile } from "../../data/event-file/reader.ts";
import { partialOf, syncFolder } from "../../data/event-file/writer.ts";
import type { DataFault } from "../../data/fault.ts";
import { taken } from "../journal/format.ts";
import type { JournalFault, JournalHeader } from "../journal/journal.ts";
import { type ResumedJournal, resumeJournal } from "../journal/resumer.ts";
import { createResumableJournal, type ResumableSink } from "../journal/writer.ts";
import { besideJournal, engineBlocks, LIVE_SPEC, sessionFile } from "./live-market.ts";
import { marketFileOf } from "./live-run.ts";
import { MarketTape } from "./market-tape.ts";
import { isSavedState } from "./recovery.ts";
import type {
  ResumedRun,
  RunJournal,
  RunStore,
  SessionRows,
  Tape,
  TapeOptions,
} from "./run-store.ts";
import { mendTape } from "./tape-repair.ts";

export const fileStore = (journalPath: string): RunStore => new FileStore(journalPath);

class FileStore implements RunStore {
  readonly name: string;
  #session = 1;
  /** Market file of the first session. */
  #market: string;
  #sink: ResumableSink | undefined;
  #tape: MarketTape | undefined;

  constructor(journalPath: string) {
    this.name = journalPath;
    this.#market = marketFileOf(journalPath);
  }

  create(header: JournalHeader): Result<RunJournal, JournalFault> {
    const there = marketFilesOf(this.#market)[0];
    if (there !== undefined) return err(taken(this.name, there));
    const created = createResumableJournal(this.name, header);
    return created.ok ? ok(this.#begin(created.value)) : created;
  }

  resume(): Result<ResumedRun, JournalFault | DataFault> {
    const resumed = resumeJournal(this.name, { isOurs: isSavedState });
    if (!resumed.ok) return resumed;
    const { sink } = resumed.value;
    try {
      const run = this.#goOn(resumed.value);
      if (!run.ok) sink.close();
      return run;
    } catch (error) {
      sink.close();
      throw error;
    }
  }

  tape(options: TapeOptions): Tape {
    const path = sessionFile(this.#market, this.#session);
    const tape = new MarketTape({ ...options, path, session: this.#session });
    this.#tape = tape;
    this.#sink?.rowsFrom(tape);
    return tape;
  }

  #goOn(resumed: ResumedJournal): Result<ResumedRun, JournalFault | DataFault> {
    const { header, checkpoint, sessions, sink, tape, kept } = resumed;
    const spec = LIVE_SPEC.safeParse(header.market);
    if (!spec.success) return err(notLive(this.name));
    this.#market = besideJournal(spec.data, this.name).paths[0]!;
    if (tape !== undefined) {
      const fault = mendTape(sessionFile(this.#market, tape.session), tape, kept);
      if (fault !== undefined) return err(fault);
      sink.clearRows();
    }
    this.#session = sessions + 1;
    setAside(sessionFile(this.#market, this.#session));
    const epoch = BigInt(spec.data.epochSeconds) * 1_000_000_000n;
    return ok({
      header,
      checkpoint,
      records: () => resumed.records(),
      sessions: Array.from({ length: sessions }, (_, index) =>
        rowsOf(sessionFile(this.#market, index + 1), epoch),
      ),
      journal: this.#begin(sink),
    });
  }

  #begin(sink: ResumableSink): RunJournal {
    this.#sink = sink;
    if (this.#tape !== undefined) sink.rowsFrom(this.#tape);
    const session = this.#session;
    return {
      get sequence() {
        return sink.sequence;
      },
      append: (kind, position, body) => sink.append(kind, position, body),
      checkpoint: (position, state, archive) => sink.checkpoint(position, state, session, archive),
      commit: () => sink.commit(),
      close: () => sink.close(),
    };
  }
}

/** What is there already of a run's market files, whole or not. */
function marketFilesOf(first: string): string[] {
  const stem = basename(first).replace(/\.arrival$/, "");
  const folder = dirname(first);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => {
      const rest = name.startsWith(stem) ? name.slice(stem.length) : "";
      return /^(\.\d+)?\.arrival(\.partial)?$/.test(rest);
    })
    .map((name) => join(folder, name));
}

/** Rows that the journal knows nothing of: their session had not begun, nobody decided on them. */
function setAside(path: string): void {
  for (const file of [path, partialOf(path)]) {
    if (!existsSync(file)) continue;
    let free = `${file}.unclaimed`;
    for (let number = 2; existsSync(free); number++) free = `${file}.unclaimed-${number}`;
    renameSync(file, free);
    syncFolder(file);
  }
}

function notLive(path: string): JournalFault {
  const text = `${path} is the journal of a run in a simulated market: such a run is begun anew`;
  return { code: "JOURNAL_NOT_LIVE", path, text };
}

/** As far as the file is there and whole: what is lost is lost with all behind it. */
function rowsOf(path: string, epochNanos: bigint): SessionRows {
  const found = [path, partialOf(path)].find((file) => existsSync(file));
  const opened = found === undefined ? undefined : openEventFile(found);
  const file = opened?.ok === true ? opened.value : undefined;
  let rows: number | undefined;
  const blocks = {
    [Symbol.iterator]: () =>
      file === undefined ? none() : engineBlocks(file, epochNanos, wholeBlocks(file)),
  };
  return {
    get rows() {
      if (rows !== undefined) return rows;
      rows = 0;
      for (const { length } of blocks) rows += length;
      return rows;
    },
    blocks: () => blocks,
  };
}

function* none(): Generator<MarketBlock> {
  // A session that saw no rows, or whose file is gone.
}

/** Up to the first block that is damaged. */
function* wholeBlocks(file: EventFile): Generator<MarketBlock> {
  try {
    yield* file.sequence();
  } catch (error) {
    if (!(error instanceof EventFileError)) throw error;
  }
}
