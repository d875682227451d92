/**
 * Parquet file: record batches in row groups, zstd in each column.
 *
 * Arrow's Rust writer does it, in WebAssembly, as a stream between two others: batches go in at one
 * end and come out as bytes at the other. What must stay true: no more than a row group waits.
 */
import type { RecordBatch, Schema } from "apache-arrow";
import type { BatchFile } from "./batch-file.ts";
import type { ArrowLibrary, ParquetLibrary } from "./library.ts";
import type { OutputFile } from "./output-file.ts";

/** Twice as many take twice the memory and save no byte that counts. */
const ROW_GROUP = 1 << 18;

export class ParquetFile implements BatchFile {
  readonly #arrow: ArrowLibrary;
  readonly #parquet: ParquetLibrary;
  readonly #into: WritableStreamDefaultWriter;
  readonly #written: Promise<void>;
  #failure: unknown;

  constructor(arrow: ArrowLibrary, parquet: ParquetLibrary, output: OutputFile, schema: Schema) {
    this.#arrow = arrow;
    this.#parquet = parquet;
    const batches = new TransformStream();
    this.#into = batches.writable.getWriter();
    this.#written = pump(parquet, batches.readable, propertiesOf(arrow, parquet, schema), output);
    this.#written.catch((error: unknown) => {
      this.#failure = error;
      // Whoever waits for room in the stream would wait for ever.
      void batches.readable.cancel(error).catch(() => undefined);
      this.#into.abort(error).catch(() => undefined);
    });
  }

  async write(batch: RecordBatch): Promise<void> {
    const ipc = this.#arrow.RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
    const table = this.#parquet.Table.fromIPCStream(ipc);
    const parts = table.recordBatches();
    table.free();
    try {
      for (const part of parts) {
        await this.#into.ready;
        // Not awaited: that would wait until the batch has been taken out at the other end.
        this.#into.write(part).catch(() => undefined);
      }
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  async finish(): Promise<void> {
    this.#into.close().catch(() => undefined);
    await this.#written;
  }

  async abandon(): Promise<void> {
    await this.#into.abort().catch(() => undefined);
    await this.#written.catch(() => undefined);
  }
}

async function pump(
  { transformParquetStream }: ParquetLibrary,
  batches: ReadableStream,
  properties: ReturnType<typeof propertiesOf>,
  output: OutputFile,
): Promise<void> {
  const bytes = (await transformParquetStream(batches, properties)) as ReadableStream<Uint8Array>;
  for await (const part of bytes) output.write(part);
}

function propertiesOf(arrow: ArrowLibrary, parquet: ParquetLibrary, schema: Schema) {
  const { Compression, Encoding, EnabledStatistics, WriterPropertiesBuilder } = parquet;
  let builder = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP)
    .setStatisticsEnabled(EnabledStatistics.Chunk)
    .setKeyValueMetadata(schema.metadata);
  for (const { name, type } of schema.fields) {
    if (arrow.DataType.isDictionary(type) || arrow.DataType.isUtf8(type)) continue;
    builder = builder.setColumnDictionaryEnabled(name, false);
    if (arrow.DataType.isTimestamp(type)) {
      builder = builder.setColumnEncoding(name, Encoding.DELTA_BINARY_PACKED);
    }
  }
  return builder.build();
}
