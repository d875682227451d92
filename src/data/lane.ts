/**
 * Lane: files of one format that follow each other, read by one decoder a piece at a time.
 *
 * Files of one recording that lie side by side are lanes; whoever drives them decides whose turn it
 * is. What must stay true: between two steps nothing is under way, so that all lanes together can
 * be saved, and gone on with in another process.
 */
import { basename } from "node:path";
import { badLine, type CaptureContext, type CaptureDecoder } from "./capture.ts";
import type { DataFault } from "./fault.ts";
import { type CaptureFormat, decoderFor, formatOf } from "./formats.ts";
import { HftbacktestCapture } from "./hftbacktest-capture.ts";
import { readEvents } from "./hftbacktest-source.ts";
import {
  type LineOptions,
  type LinesRead,
  readLines,
  type RecordingSource,
} from "./line-source.ts";
import { isLobsterName } from "./lobster-capture.ts";
import type { MessageQueue, QueueState } from "./message-queue.ts";

/** One file of a reading. */
export interface LaneFile {
  readonly path: string;
  /** Place among all files of the reading. */
  readonly index: number;
  /** Size on the disk. */
  readonly bytes: number;
}

export interface LaneState {
  readonly place: LinesRead;
  readonly isTold: boolean;
  readonly sources: readonly RecordingSource[];
  readonly decoder: unknown;
  readonly queue: QueueState;
}

export class Lane {
  readonly format: CaptureFormat;
  readonly files: readonly LaneFile[];
  readonly decoder: CaptureDecoder;
  readonly queue: MessageQueue;
  readonly #context: CaptureContext;
  readonly #stop = new AbortController();
  /** Of the files that have been read whole. */
  #sources: RecordingSource[] = [];
  #bytesDone = 0;
  #place: LinesRead = { lines: 0, members: 0 };
  /** Whether a line has told its format: those before it are of none. */
  #isTold = false;
  #isRunning = false;
  #isDone = false;
  #fault: DataFault | undefined;
  #thrown: { readonly cause: unknown } | undefined;
  #onPause: () => void = () => undefined;
  #goOn: () => void = () => undefined;

  constructor(
    format: CaptureFormat,
    files: readonly LaneFile[],
    context: CaptureContext,
    queue: MessageQueue,
    beside: readonly CaptureFormat[],
  ) {
    this.format = format;
    this.files = files;
    this.#context = context;
    this.queue = queue;
    this.decoder = decoderFor(format, context, beside);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get sources(): readonly RecordingSource[] {
    return this.#sources;
  }

  /** Bytes that have been read, as they lie on the disk. */
  get bytesDone(): number {
    return this.#bytesDone;
  }

  /** Reads on by one piece, or to the end. */
  async step(): Promise<DataFault | undefined> {
    const paused = new Promise<void>((resolve) => {
      this.#onPause = resolve;
    });
    if (this.#isRunning) this.#goOn();
    else this.#start();
    await paused;
    if (this.#thrown !== undefined) throw this.#thrown.cause;
    return this.#fault;
  }

  /** Lets go of the file in hand. */
  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#isRunning && !this.#isDone && this.#thrown === undefined) await this.step();
  }

  /** Undefined where its decoder cannot be gone on with. */
  save(): LaneState | undefined {
    if (this.decoder.save === undefined || this.decoder.restore === undefined) return undefined;
    return {
      place: this.#place,
      isTold: this.#isTold,
      sources: this.#sources,
      decoder: this.decoder.save(),
      queue: this.queue.save(),
    };
  }

  restore(state: LaneState): void {
    this.#place = state.place;
    this.#isTold = state.isTold;
    this.#sources = [...state.sources];
    for (const { bytes } of state.sources) this.#bytesDone += bytes;
    this.decoder.restore!(state.decoder);
    this.queue.restore(state.queue);
  }

  #start(): void {
    this.#isRunning = true;
    this.#run().then(
      (fault) => {
        this.#fault = fault;
        this.#isDone = true;
        this.#onPause();
      },
      (cause: unknown) => {
        this.#thrown = { cause };
        this.#onPause();
      },
    );
  }

  async #run(): Promise<DataFault | undefined> {
    for (const file of this.files.slice(this.#sources.length)) {
      const fault = await this.#file(file);
      if (fault !== undefined) return fault;
    }
    return this.decoder.finish();
  }

  async #file({ path }: LaneFile): Promise<DataFault | undefined> {
    const { position, file } = this.#context;
    const before = this.#bytesDone;
    position.file = basename(path);
    const skip = this.#place;
    const options: LineOptions = {
      onBytes: (bytes) => {
        this.#bytesDone = before + bytes;
      },
      signal: this.#stop.signal,
      onMember: (name) => this.#part(name),
      skip,
      afterChunk: (place) => this.#pause(place),
    };
    const isBegun = skip.lines > 0 || skip.members > 0;
    const fault = isBegun ? undefined : this.#part(position.file);
    if (fault !== undefined) return fault;
    const read =
      this.decoder instanceof HftbacktestCapture
        ? await readEvents(path, this.decoder, options)
        : await readLines(path, (text, line) => this.#line(text, line), options);
    if (!read.ok) return read.error;
    file.lines += read.value.lines;
    if (read.value.truncation !== undefined) file.truncated.push(read.value.truncation);
    this.#sources.push(read.value.source);
    this.#place = { lines: 0, members: 0 };
    return undefined;
  }

  #pause(place: LinesRead): Promise<void> {
    // While lines are passed over, the place is still behind them.
    if (place.lines >= this.#place.lines) this.#place = place;
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#onPause();
    });
  }

  /** A file or a member begins. Only LOBSTER's names say what is inside. */
  #part(name: string): DataFault | undefined {
    if (isLobsterName(name)) this.#isTold = true;
    return this.#isTold ? this.decoder.part?.(name) : undefined;
  }

  #line(text: string, line: number): DataFault | undefined {
    this.#context.position.line = line;
    if (text === "") return undefined;
    if (!this.#isTold) {
      if (formatOf(text) === undefined) {
        return badLine(this.#context, text, "is of no known format");
      }
      this.#isTold = true;
    }
    return this.decoder.line(text);
  }
}
