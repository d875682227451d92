/**
 * Data fault: why a recording cannot be used, in words that say what to do.
 *
 * A fault stops the reading. What is wrong inside a usable recording (a bad line, a gap) is counted
 * in the report instead. Every text names the file, and the line where one is known.
 */
import { basename } from "node:path";

export type DataFaultCode =
  /** The file is absent or cannot be opened. */
  | "DATA_NOT_FOUND"
  /** The content is none of the known formats, or contradicts its own. */
  | "DATA_FORMAT"
  /** The instrument is not in the recording, is ambiguous, or its grid is unknown. */
  | "DATA_SYMBOL"
  /** There is no book to replay. */
  | "DATA_EMPTY"
  /** One line is longer than any true message. */
  | "DATA_LINE_TOO_LONG"
  /** The caller gave up. */
  | "DATA_ABORTED"
  /** An event file is not what its writer wrote. */
  | "DATA_DAMAGED"
  /** An event file ends before its seal. */
  | "DATA_CUT"
  /** The file that is to be written is there already. */
  | "DATA_TAKEN"
  /** The disk does not take what is to be written. */
  | "DATA_WRITE"
  /** An import that was broken off is not the one that is asked for. */
  | "DATA_RESUME"
  /** A venue cannot be reached, or answers what cannot be used. */
  | "DATA_VENUE"
  /** A library that only some commands need is not installed. */
  | "DATA_LIBRARY"
  /** The rows cannot be said in the form that was asked for. */
  | "DATA_EXPORT"
  /** The span that was asked for holds no rows. */
  | "DATA_SLICE"
  /** DuckDB refused the question. */
  | "DATA_QUERY";

export interface DataFault {
  readonly code: DataFaultCode;
  /** What happened, where, and what to do. */
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
}

/** Where in the recording the reader stands; mutable, one per reading. */
export interface Position {
  /** Base name. */
  file: string;
  /** Starts at 1. */
  line: number;
}

export const at = (position: Position): string => `${position.file}:${position.line}`;

export function faultAt(code: DataFaultCode, position: Position, text: string): DataFault {
  const { file, line } = position;
  return { code, text: `${at(position)}: ${text}`, file, line };
}

export function openFault(path: string, error: unknown): DataFault {
  const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const what: Record<string, string> = {
    ENOENT: "there is no such file; check the path",
    EISDIR: "that is a directory; give the files in it",
    EACCES: "the file may not be read; check its permissions",
  };
  return {
    code: "DATA_NOT_FOUND",
    text: `${path}: ${what[reason] ?? `the file cannot be read (${reason})`}`,
    file: basename(path),
  };
}
