/**
 * Opened journals: those that somebody moves through, kept folded for a while.
 *
 * Folding one is work, and what it came to takes room. What must stay true: a few are open at once
 * and one is folded at a time; a name that could lead out of the folder leads nowhere.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Desk, JournalMoment, OpenedJournal } from "../runtime/desk/desk-terms.ts";
import { deskRefusal, notFound } from "./desk-refusal.ts";
import { refusal, type Refusal } from "./server-terms.ts";

const MOST_OPEN = 3;
const MOST_WAITING = 8;
const IDLE_MS = 600_000;

const NO_JOURNAL = notFound("there is no such journal in the folder");

interface Kept {
  readonly journal: OpenedJournal;
  usedAt: number;
}

/** A file of the folder itself, as a journal is called. */
export const isJournalName = (name: string): boolean =>
  /^[A-Za-z0-9][\w.\- ]{0,150}$/.test(name) && !name.includes("..");

export class OpenedJournals {
  readonly #desk: Desk;
  readonly #now: () => number;
  /** The longest unused first. */
  readonly #kept = new Map<string, Kept>();
  #work: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(desk: Desk, now: () => number) {
    this.#desk = desk;
    this.#now = now;
  }

  open(name: string): Promise<Result<OpenedJournal, Refusal>> {
    return this.#inTurn(() => this.#opened(name));
  }

  /** @param record absent: the last. */
  moment(name: string, record: number | undefined): Promise<Result<JournalMoment, Refusal>> {
    return this.#inTurn(async () => {
      const opened = await this.#opened(name);
      if (!opened.ok) return opened;
      const { records } = opened.value;
      if (record !== undefined && record > records) {
        return err(notFound(`the journal ends with record ${records}`));
      }
      return ok(await opened.value.at(record));
    });
  }

  sweep(): void {
    const before = this.#now() - IDLE_MS;
    for (const [name, { usedAt }] of this.#kept) if (usedAt < before) this.#drop(name);
  }

  close(): void {
    for (const name of this.#kept.keys()) this.#drop(name);
  }

  async #opened(name: string): Promise<Result<OpenedJournal, Refusal>> {
    if (!isJournalName(name)) return err(NO_JOURNAL);
    const now = this.#now();
    const kept = this.#kept.get(name);
    if (kept !== undefined) {
      kept.usedAt = now;
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      return ok(kept.journal);
    }
    if (!existsSync(join(this.#desk.folder, name))) return err(NO_JOURNAL);
    const opened = await this.#desk.open(name);
    if (!opened.ok) return err(deskRefusal(opened.error));
    this.#kept.set(name, { journal: opened.value, usedAt: now });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_OPEN && oldest !== undefined) this.#drop(oldest);
    return opened;
  }

  #drop(name: string): void {
    this.#kept.get(name)?.journal.close();
    this.#kept.delete(name);
  }

  async #inTurn<Value>(
    work: () => Promise<Result<Value, Refusal>>,
  ): Promise<Result<Value, Refusal>> {
    if (this.#waiting >= MOST_WAITING) {
      return err(refusal(503, "SERVER_BUSY", "others wait for journals already: try again"));
    }
    this.#waiting += 1;
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
