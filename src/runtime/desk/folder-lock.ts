/**
 * Folder lock: one desk on a folder at a time.
 *
 * A file that is held as a database is: the system lets go of it when the process dies, however
 * that comes about. What must stay true: two desks never work from one folder's journals.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { DeskFault } from "./desk-terms.ts";

const LOCK_NAME = "desk.lock";

export class FolderLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Makes the folder where it is not there, for its user alone. */
  static take(folder: string): Result<FolderLock, DeskFault> {
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      database = new DatabaseSync(join(folder, LOCK_NAME));
      database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
      return ok(new FolderLock(database));
    } catch (error) {
      database?.close();
      const text = error instanceof Error ? error.message : String(error);
      if (/locked|busy/i.test(text)) {
        const why = `another desk works from ${folder}: stop that one, or name another folder`;
        return err({ code: "DESK_LOCKED", text: why });
      }
      return err({ code: "DESK_FOLDER", text: `${folder} cannot be worked from: ${text}` });
    }
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
