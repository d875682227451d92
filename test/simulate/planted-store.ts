/**
 * Planted in the store and in the settings: what is durable is not what was done, and limits that
 * the program does not keep.
 */
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import { micros } from "../../src/core/domain/units.ts";
import type { ResumedRun, RunJournal, RunStore } from "../../src/runtime/live/run-store.ts";

/** Durable with the commit after it. */
export const sendsBeforeCommit = (store: RunStore): RunStore =>
  changedStore(store, lagging, (run) => run);

function lagging(journal: RunJournal): RunJournal {
  let waiting: (() => void)[] = [];
  const write = (): void => {
    for (const each of waiting) each();
    waiting = [];
  };
  return {
    append: (kind, position, body) => void waiting.push(() => journal.append(kind, position, body)),
    checkpoint: (...told) => void waiting.push(() => journal.checkpoint(...told)),
    commit() {
      journal.commit();
      write();
    },
    close() {
      write();
      journal.close();
    },
  };
}

/** Goes on with what stood before the last event. */
export const dropsLastCommit = (store: RunStore): RunStore => endingBefore(store, 0);

/** Of the last event the outputs are gone. */
export const keepsHalfACommit = (store: RunStore): RunStore => endingBefore(store, 1);

const endingBefore = (store: RunStore, kept: number): RunStore =>
  changedStore(
    store,
    (journal) => journal,
    (run) => {
      const records = [...run.records()];
      const last = records.findLastIndex(({ kind }) => kind === "event");
      const left = last > 0 ? records.slice(0, last + kept) : records;
      return { ...run, records: () => left.values() };
    },
  );

/** What cannot be written is not written, and all goes on. */
export const goesOnWithoutDisk = (store: RunStore): RunStore =>
  changedStore(store, careless, (run) => run);

const careless = (journal: RunJournal): RunJournal => ({
  append: (...told) => tried(() => journal.append(...told)),
  checkpoint: (...told) => tried(() => journal.checkpoint(...told)),
  commit: () => tried(() => journal.commit()),
  close: () => tried(() => journal.close()),
});

function tried(write: () => void): void {
  try {
    write();
  } catch {
    // That is the bug.
  }
}

const changedStore = (
  store: RunStore,
  dress: (journal: RunJournal) => RunJournal,
  change: (run: ResumedRun) => ResumedRun,
): RunStore => ({
  name: store.name,
  create(header) {
    const created = store.create(header);
    return created.ok ? { ...created, value: dress(created.value) } : created;
  },
  resume() {
    const resumed = store.resume();
    if (!resumed.ok) return resumed;
    const run = change(resumed.value);
    return { ...resumed, value: { ...run, journal: dress(run.journal) } };
  },
  tape: (options) => store.tape(options),
});

export const ignoresParticipation = (config: ArrivalConfig): ArrivalConfig => ({
  ...config,
  execution: { ...config.execution, maxParticipation: 0.95 },
  limits: { ...config.limits, participation: 0.95 },
});

export const crossesAtOnce = (config: ArrivalConfig): ArrivalConfig => ({
  ...config,
  limits: { ...config.limits, aggressiveSpacing: micros(0) },
});

/** However late it comes, and however long nothing has come since. */
export const trustsAnyBook = (config: ArrivalConfig): ArrivalConfig => ({
  ...config,
  limits: { ...config.limits, staleAfter: micros(120e6) },
});
