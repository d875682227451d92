/**
 * Run store: where a run keeps what must survive it: its journal, and the market's rows beside it.
 *
 * A run writes through it and a later process goes on from it; files (`file-store.ts`) are one
 * kind, a simulator's disk that fills up is another. What must stay true: one writer at a time;
 * what `commit` has returned from survives, events and the rows that they were decided on
 * together; and what is read back is exactly what was written or not at all.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import type { DataFault } from "../../data/fault.ts";
import type {
  JournalFault,
  JournalHeader,
  JournalRecord,
  JournalSink,
} from "../journal/journal.ts";

export interface RunStore {
  /** Shown to people: the journal's path. */
  readonly name: string;
  /** Refuses where anything of the run is there already. The header is durable on return. */
  create(header: JournalHeader): Result<RunJournal, JournalFault>;
  /** Goes on with a run that has ended or was cut off, behind its last whole commit. */
  resume(): Result<ResumedRun, JournalFault | DataFault>;
  /** Of one session: a resumed run begins another. Before `create` nothing is written. */
  tape(options: TapeOptions): Tape;
}

/** The journal of a run that can be gone on with. */
export interface RunJournal extends JournalSink {
  /** Of the record that was appended last, where records have numbers. */
  readonly sequence?: number;
  /**
   * In the group in hand: what the run's state was behind the last record, and what is done since
   * the checkpoint before. Hashes of both are a record of the chain; the texts stand beside it, of
   * the state only the latest.
   */
  checkpoint(position: number, state: string, archive: string): void;
}

export interface Checkpoint {
  /** Of the record that has its hash. */
  readonly sequence: number;
  readonly position: number;
  readonly state: string;
  /**
   * All that was archived until then, in order; held against its hash when it is asked for.
   * @throws JournalError where it is not what was archived.
   */
  archives(): Iterable<string>;
  /**
   * The records before it, verified; absent: nothing can happen to the archives.
   * @throws JournalError where they are damaged.
   */
  before?(): IterableIterator<JournalRecord>;
}

export interface ResumedRun {
  readonly header: JournalHeader;
  /** The latest whole one, its hash verified, of a form that is known; absent: there is none. */
  readonly checkpoint: Checkpoint | undefined;
  /** Behind the checkpoint; without one all. Verified. */
  records(): IterableIterator<JournalRecord>;
  /**
   * What is left of the rows of each session so far, the first one's at 0: one entry for each,
   * empty where it saw none. In the engine's order, by the first one's epoch. Fewer than the
   * journal's positions tell of: the others are lost, with everything behind them in that session.
   */
  readonly sessions: readonly SessionRows[];
  readonly journal: RunJournal;
}

export interface SessionRows {
  readonly rows: number;
  blocks(): Iterable<MarketBlock>;
}

export interface TapeOptions {
  readonly header: MarketHeader;
  /** Of the venue and its streams, such as "bybit-live". */
  readonly format: string;
  /** The disk does not take it: nothing more will be written. Told once. */
  readonly onFault: (fault: DataFault) => void;
}

/** The rows that an engine sees. */
export interface Tape {
  /**
   * Rows [from, to) of a block, whole messages, before the engine is asked what to do: the
   * journal's next commit makes them durable, too.
   */
  take(block: MarketBlock, from: number, to: number): void;
  /** To be called about once a second, with the session's time. */
  tick(now: number): void;
  /** Writes what is left. */
  close(): void;
  /** Whether anything has been written: a run that ends at once leaves nothing. */
  readonly hasFile: boolean;
}
