/**
 * Recorded disk: what a program writes into one folder, and where it waited for the disk.
 *
 * The functions of `node:fs` and `node:sqlite` are watched while it is installed: after each call
 * the folder's files are held against what they were, sector by sector. What was written before a
 * wait (`fsync`) and returned from is on the disk; of the rest a power cut may leave any part.
 *
 * SQLite does not tell of its own waits. They are taken from its documentation, by the setting of
 * `PRAGMA synchronous` that the connection has: the write-ahead file at each commit with FULL, and
 * around each fold of it into the database, and once its header is written anew. Its own folding is switched off and done by `fold`
 * between two calls, so that what it writes before and after a wait can be told apart.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { DatabaseSync, StatementSync } from "node:sqlite";

export const SECTOR = 512;
const LOG_HEADER = 32;

export type DiskStep =
  | { readonly kind: "write"; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "size"; readonly file: number; readonly size: number }
  | { readonly kind: "sync"; readonly file: number }
  | { readonly kind: "name"; readonly name: string; readonly file: number }
  | { readonly kind: "unname"; readonly name: string }
  | { readonly kind: "sync-names" }
  /** Something was promised to the caller: from here on it must hold. */
  | { readonly kind: "mark"; readonly mark: number };

/** What lies in the folder: files by number, and their names. */
export interface DiskState {
  readonly files: Map<number, Buffer>;
  readonly names: Map<string, number>;
}

/** What `run` and `get` have in common. */
type Call = (
  this: StatementSync,
  ...values: unknown[]
) => Readonly<Record<string, unknown>> | undefined;

const real = { ...fs };
const FULL = 2;

export class RecordedDisk {
  readonly folder: string;
  steps: DiskStep[] = [];
  /** As it was when the recording began: all on the disk. */
  begin: DiskState;
  readonly #now: DiskState = { files: new Map(), names: new Map() };
  readonly #open = new Map<number, string>();
  /** A system gives the number of a file that is gone to a new one: ours are not used again. */
  readonly #numbers = new Map<number, number>();
  #next = 1;
  #isReading = false;
  readonly #databases = new Set<DatabaseSync>();
  #restore: (() => void) | undefined;

  constructor(folder: string) {
    this.folder = folder;
    for (const name of real.readdirSync(folder)) {
      const { file, bytes } = this.#read(name)!;
      this.#now.names.set(name, file);
      this.#now.files.set(file, bytes);
    }
    this.begin = { files: new Map(this.#now.files), names: new Map(this.#now.names) };
  }

  /** The recording begins here; what was done before is on the disk. */
  restart(): void {
    this.begin = { files: new Map(this.#now.files), names: new Map(this.#now.names) };
    this.steps = [];
  }

  mark(mark: number): void {
    this.steps.push({ kind: "mark", mark });
  }

  /** Folds the write-ahead file into the database, as SQLite does by itself now and then. */
  fold(): void {
    for (const database of this.#databases) database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  install(): void {
    const undo = [this.#watchFiles(), this.#watchSqlite()];
    syncBuiltinESMExports();
    this.#restore = () => {
      for (const each of undo) each();
      syncBuiltinESMExports();
    };
  }

  remove(): void {
    this.#restore?.();
    this.#restore = undefined;
  }

  #watchFiles(): () => void {
    const { folder } = this;
    const isOurs = (path: unknown): path is string =>
      typeof path === "string" && dirname(path) === folder;
    const watched = {
      openSync: (path: string, ...rest: [string]) => {
        const file = real.openSync(path, ...rest);
        // Reading what lies there opens files as well.
        if (this.#isReading) return file;
        if (path === folder || isOurs(path)) this.#open.set(file, path);
        if (isOurs(path)) this.#look(path);
        return file;
      },
      closeSync: (file: number) => {
        this.#open.delete(file);
        real.closeSync(file);
      },
      writeSync: (file: number, ...rest: [string]) => {
        const written = real.writeSync(file, ...rest);
        this.#look(this.#open.get(file));
        return written;
      },
      ftruncateSync: (file: number, size: number) => {
        real.ftruncateSync(file, size);
        this.#look(this.#open.get(file));
      },
      fsyncSync: (file: number) => {
        real.fsyncSync(file);
        const path = this.#open.get(file);
        if (path === folder) this.steps.push({ kind: "sync-names" });
        else if (path !== undefined) this.#synced(path);
      },
      linkSync: (from: string, to: string) => {
        real.linkSync(from, to);
        if (isOurs(to)) this.#look(to);
      },
      unlinkSync: (path: string) => {
        real.unlinkSync(path);
        if (isOurs(path)) this.#gone(path);
      },
      renameSync: (from: string, to: string) => {
        real.renameSync(from, to);
        if (isOurs(to)) this.#look(to);
        if (isOurs(from)) this.#gone(from);
      },
    };
    Object.assign(fs, watched);
    const names = Object.keys(watched) as (keyof typeof watched)[];
    return () => {
      for (const name of names) Object.assign(fs, { [name]: real[name] });
    };
  }

  #watchSqlite(): () => void {
    const base = DatabaseSync.prototype;
    const statement = StatementSync.prototype;
    const { exec, close, prepare } = base;
    const { run, get } = statement as unknown as Record<"run" | "get", Call>;
    const owners = new WeakMap<StatementSync, DatabaseSync>();
    const own = (database: DatabaseSync): boolean => this.#own(database, exec);
    const after = (database: DatabaseSync, path: string | null): void => {
      const mode = database.isOpen
        ? get.call(prepare.call(database, "PRAGMA synchronous"))?.["synchronous"]
        : FULL;
      if (!database.isOpen) this.#databases.delete(database);
      this.#database(path!, Number(mode));
    };
    const watchedCall = (call: Call): Call =>
      function (this: StatementSync, ...values) {
        const answer = call.apply(this, values);
        const database = owners.get(this);
        const isLasting = /^(COMMIT|PRAGMA (wal_checkpoint|journal_mode))/.test(this.sourceSQL);
        if (database !== undefined && isLasting) after(database, database.location());
        return answer;
      };
    Object.assign(statement, { run: watchedCall(run), get: watchedCall(get) });
    base.exec = function (sql) {
      const isOwn = own(this);
      exec.call(this, sql);
      if (isOwn) after(this, this.location());
    };
    base.close = function () {
      const isOwn = own(this);
      const path = this.location();
      close.call(this);
      if (isOwn) after(this, path);
    };
    base.prepare = function (sql, options) {
      const prepared = prepare.call(this, sql, options);
      if (own(this)) owners.set(prepared, this);
      return prepared;
    };
    return () => {
      Object.assign(base, { exec, close, prepare });
      Object.assign(statement, { run, get });
    };
  }

  #own(database: DatabaseSync, exec: DatabaseSync["exec"]): boolean {
    const path = database.location();
    if (path === null || dirname(path) !== this.folder) return false;
    if (!this.#databases.has(database)) {
      this.#databases.add(database);
      exec.call(database, "PRAGMA wal_autocheckpoint = 0");
    }
    return true;
  }

  /** What SQLite has written, in the order in which it waits: see its file format, 4.3. */
  #database(path: string, synchronous: number): void {
    const log = `${path}-wal`;
    const isSynced = synchronous > 0;
    const logBefore = this.#sizeOf(log);
    const logNow = real.existsSync(log) ? real.statSync(log).size : 0;
    if (logNow > 0 && logNow >= logBefore) {
      const isNew = this.#named(log);
      // A log that begins anew: its header waits before a frame of the old one is written over.
      if (this.#headed(log) && isSynced) this.#synced(log);
      this.#look(log);
      if (isSynced && isNew) this.steps.push({ kind: "sync-names" });
      if (synchronous >= FULL) this.#synced(log);
    }
    const had = this.steps.length;
    this.#look(path);
    if (this.steps.length > had && isSynced) {
      // Nothing goes into the database before its log is on the disk.
      this.#synced(log, had);
      this.#synced(path);
    }
    if (real.existsSync(log)) this.#look(log);
    else this.#gone(log);
  }

  /** Notes a name that is new. @returns whether it is. */
  #named(path: string): boolean {
    const name = nameIn(path);
    const file = this.#numberOf(name);
    if (file === undefined || this.#now.names.get(name) === file) return false;
    this.steps.push({ kind: "name", name, file });
    this.#now.names.set(name, file);
    return true;
  }

  /** Notes a new header of a log. @returns whether there is one. */
  #headed(log: string): boolean {
    const found = this.#read(nameIn(log));
    if (found === undefined || found.bytes.length < LOG_HEADER) return false;
    const { file, bytes } = found;
    const before = this.#now.files.get(file) ?? Buffer.alloc(0);
    const header = bytes.subarray(0, LOG_HEADER);
    if (header.equals(before.subarray(0, LOG_HEADER))) return false;
    const headed = Buffer.concat([header, before.subarray(LOG_HEADER)]);
    this.steps.push({ kind: "write", file, at: 0, bytes: headed.subarray(0, SECTOR) });
    this.#now.files.set(file, headed);
    return true;
  }

  #sizeOf(path: string): number {
    const file = this.#now.names.get(nameIn(path));
    return file === undefined ? 0 : this.#now.files.get(file)!.length;
  }

  /** @param at where in the steps; absent: behind the last. */
  #synced(path: string, at = this.steps.length): void {
    const file = this.#now.names.get(nameIn(path));
    if (file !== undefined) this.steps.splice(at, 0, { kind: "sync", file });
  }

  /** Notes what has changed in a file. */
  #look(path: string | undefined): void {
    const found = path === undefined ? undefined : this.#read(nameIn(path));
    if (found === undefined) return;
    const { file, bytes } = found;
    this.#named(path!);
    const before = this.#now.files.get(file) ?? Buffer.alloc(0);
    if (bytes.length < before.length) {
      this.steps.push({ kind: "size", file, size: bytes.length });
    }
    for (let at = 0; at < bytes.length; at += SECTOR) {
      const sector = bytes.subarray(at, at + SECTOR);
      if (sector.equals(before.subarray(at, at + SECTOR))) continue;
      this.steps.push({ kind: "write", file, at, bytes: Buffer.from(sector) });
    }
    this.#now.files.set(file, bytes);
  }

  #gone(path: string): void {
    const name = nameIn(path);
    const file = this.#now.names.get(name);
    if (file === undefined) return;
    this.#now.names.delete(name);
    this.steps.push({ kind: "unname", name });
    if ([...this.#now.names.values()].includes(file)) return;
    for (const [inode, number] of this.#numbers) {
      if (number === file) this.#numbers.delete(inode);
    }
  }

  #numberOf(name: string): number | undefined {
    const found = real.statSync(join(this.folder, name), { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const file = this.#numbers.get(found.ino) ?? this.#next++;
    this.#numbers.set(found.ino, file);
    return file;
  }

  #read(name: string): { readonly file: number; readonly bytes: Buffer } | undefined {
    const file = this.#numberOf(name);
    if (file === undefined) return undefined;
    this.#isReading = true;
    try {
      return { file, bytes: real.readFileSync(join(this.folder, name)) };
    } finally {
      this.#isReading = false;
    }
  }
}

const nameIn = (path: string): string => path.slice(dirname(path).length + 1);
