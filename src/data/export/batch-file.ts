/**
 * Batch file: record batches to an Arrow or a Parquet file, one after the other.
 *
 * What must stay true: memory does not grow with the file, but for the footer's few bytes a batch.
 */
import type { RecordBatch, Schema } from "apache-arrow";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { DataFault } from "../fault.ts";
import { ArrowFile } from "./arrow-file.ts";
import { arrowLibrary, type ArrowLibrary, parquetLibrary } from "./library.ts";
import type { OutputFile } from "./output-file.ts";
import { ParquetFile } from "./parquet-file.ts";

export type BatchFormat = "parquet" | "arrow";

export interface BatchFile {
  /** @throws OutputError where the disk does not take it */
  write(batch: RecordBatch): Promise<void>;
  /** Writes the footer; the output is not sealed by it. @throws OutputError */
  finish(): Promise<void>;
  /** Lets go, after a failure too; never throws. */
  abandon(): Promise<void>;
}

/** Libraries first, so that what is missing is known before anything is read. */
export async function batchFiles(format: BatchFormat): Promise<Result<BatchFiles, DataFault>> {
  const arrow = await arrowLibrary();
  if (!arrow.ok) return err(arrow.error);
  if (format === "arrow") {
    const open = (output: OutputFile, schema: Schema): BatchFile =>
      new ArrowFile(arrow.value, output, schema);
    return ok({ arrow: arrow.value, open });
  }
  const parquet = await parquetLibrary();
  if (!parquet.ok) return err(parquet.error);
  const open = (output: OutputFile, schema: Schema): BatchFile =>
    new ParquetFile(arrow.value, parquet.value, output, schema);
  return ok({ arrow: arrow.value, open });
}

export interface BatchFiles {
  readonly arrow: ArrowLibrary;
  readonly open: (output: OutputFile, schema: Schema) => BatchFile;
}
