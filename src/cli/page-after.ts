/**
 * Page after: the journal of a run that has just ended, on the page in a browser.
 *
 * It is shown alone, from a folder that goes with it. What must stay true: a journal that the user
 * named is left as it is, where it is.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type ServerFlags, serverFlags } from "./serve-options.ts";

export class PageAfter {
  /** Where the run writes it. */
  readonly journal: string;
  readonly #folder: string;

  /** @param journal as the user named it; undefined: it goes with the page. */
  constructor(name: string, journal: string | undefined) {
    this.#folder = mkdtempSync(join(tmpdir(), `arrival-${name}-`));
    this.journal = journal ?? join(this.#folder, `${name}.journal`);
  }

  /** Whether there is anything to show. */
  get isThere(): boolean {
    return existsSync(this.journal);
  }

  /** Until Ctrl-C. @returns the exit code. */
  async show(flags: ServerFlags = {}): Promise<number> {
    const shown = join(this.#folder, withEnding(basename(this.journal)));
    if (shown !== this.journal) copyFileSync(this.journal, shown);
    const { lookOn } = await import("./serve.ts");
    return lookOn(this.#folder, serverFlags(flags));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A folder's journals are known by it. */
const withEnding = (name: string): string => (name.endsWith(".journal") ? name : `${name}.journal`);
