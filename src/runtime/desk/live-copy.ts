/**
 * Live copy: a journal that this process is writing, as it stands on the disk at this instant, to
 * be gone through like any other.
 *
 * The journal's pages are copied between two turns, when none of them is being written; the
 * market's rows are only added to, and are read where they lie. What must stay true: the original
 * is not touched; and a journal that takes long to copy is refused, because orders wait meanwhile.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { stemOf } from "../live/control-address.ts";
import type { JournalViewOptions } from "../journal-view.ts";
import type { Plugin } from "../plugin.ts";
import type { DeskFault, OpenedJournal } from "./desk-terms.ts";
import { opening } from "./folder-journals.ts";

/** About a tenth of a second. */
const MOST_BYTES = 64e6;

export interface LiveCopy {
  readonly path: string;
  remove(): void;
}

export function copyLive(path: string): Result<LiveCopy, DeskFault> {
  let folder: string | undefined;
  try {
    const files = [path, `${path}-wal`].filter((file) => existsSync(file));
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    if (bytes > MOST_BYTES) return busy(path, `it has ${Math.round(bytes / 1e6)} MB by now`);
    folder = mkdtempSync(join(tmpdir(), "arrival-live-"));
    for (const file of files) {
      copyFileSync(file, join(folder, basename(file)), constants.COPYFILE_FICLONE);
    }
    for (const name of marketFiles(path)) {
      symlinkSync(resolve(dirname(path), name), join(folder, name));
    }
    const made = folder;
    const remove = (): void => rmSync(made, { recursive: true, force: true });
    return ok({ path: join(made, basename(path)), remove });
  } catch (error) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return busy(path, error instanceof Error ? error.message : String(error));
  }
}

function marketFiles(path: string): readonly string[] {
  const stem = `${basename(stemOf(path))}.market`;
  return readdirSync(dirname(path)).filter((name) => name.startsWith(stem));
}

/** A journal that is being written, to be gone through as it is now. */
export async function openCopy(
  path: string,
  plugins: readonly Plugin[],
  options: Pick<JournalViewOptions, "isFilmed"> = {},
): Promise<Result<OpenedJournal, DeskFault>> {
  const copy = copyLive(path);
  if (!copy.ok) return copy;
  const opened = await opening(copy.value.path, plugins, options);
  if (opened.ok) return ok(withCopy(opened.value, copy.value));
  copy.value.remove();
  // Its rows are written by the block.
  return opened.error.code === "DATA_NOT_FOUND"
    ? busy(path, "no rows of its market are on the disk yet: try again in a while")
    : opened;
}

/** The copy goes with whoever looks at it. */
function withCopy(opened: OpenedJournal, copy: LiveCopy): OpenedJournal {
  return {
    journal: opened.journal,
    records: opened.records,
    parentIds: opened.parentIds,
    instrument: opened.instrument,
    marks: opened.marks,
    at: (record, parentIds) => opened.at(record, parentIds),
    close() {
      opened.close();
      copy.remove();
    },
  };
}

const busy = (path: string, why: string): Result<never, DeskFault> =>
  err({
    code: "DESK_JOURNAL_BUSY",
    text: `${basename(path)} is being written, and can be gone through once that has ended: ${why}`,
  });
