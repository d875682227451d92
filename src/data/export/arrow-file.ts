/**
 * Arrow file: record batches in Arrow's own file format (Feather, version 2), not compressed.
 */
import type { RecordBatch, RecordBatchFileWriter, Schema } from "apache-arrow";
import type { BatchFile } from "./batch-file.ts";
import type { ArrowLibrary } from "./library.ts";
import type { OutputFile } from "./output-file.ts";

export class ArrowFile implements BatchFile {
  readonly #writer: RecordBatchFileWriter;

  constructor(arrow: ArrowLibrary, output: OutputFile, schema: Schema) {
    // The library's queue would hold whatever the disk has not taken yet.
    const sink = new arrow.AsyncByteQueue();
    sink.write = (bytes: unknown) => {
      output.write(bytes as Uint8Array);
      return undefined as never;
    };
    this.#writer = new arrow.RecordBatchFileWriter();
    this.#writer.reset(sink, schema);
  }

  async write(batch: RecordBatch): Promise<void> {
    this.#writer.write(batch);
  }

  async finish(): Promise<void> {
    this.#writer.finish();
  }

  /** Nothing waits in it; the library's own `abort` would still write a footer. */
  async abandon(): Promise<void> {}
}
