/**
 * Text file: lines to a file, plain or compressed as its name says (`.gz`, `.zst`).
 *
 * What must stay true: memory does not grow with the file, however slow the disk.
 */
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { OutputFile } from "./output-file.ts";

type Compressor = ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress>;

export class TextFile {
  readonly #output: OutputFile;
  readonly #compressor: Compressor | undefined;
  readonly #ended: Promise<void>;
  #failure: unknown;

  constructor(output: OutputFile) {
    this.#output = output;
    const compressor = compressorFor(output.path);
    this.#compressor = compressor;
    this.#ended = new Promise((resolve, reject) => {
      if (compressor === undefined) return resolve();
      compressor.on("data", (bytes: Buffer) => {
        try {
          if (this.#failure === undefined) output.write(bytes);
        } catch (error) {
          compressor.destroy(error as Error);
        }
      });
      compressor.on("error", (error) => {
        this.#failure = error;
        reject(error);
      });
      compressor.on("end", resolve);
    });
    this.#ended.catch(() => undefined);
  }

  /** @throws OutputError */
  async write(text: string): Promise<void> {
    const compressor = this.#compressor;
    if (compressor === undefined) return this.#output.write(Buffer.from(text));
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      compressor.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  async finish(): Promise<void> {
    this.#compressor?.end();
    await this.#ended;
  }

  async abandon(): Promise<void> {
    this.#failure ??= new Error("given up");
    this.#compressor?.destroy();
  }
}

function compressorFor(path: string): Compressor | undefined {
  if (path.endsWith(".gz")) return createGzip();
  if (!path.endsWith(".zst")) return undefined;
  return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 6 } });
}
