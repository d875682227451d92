/**
 * Model store: the folder in which pulled models lie, each a GGUF file with a note beside it.
 *
 * What must stay true: a file under its final name is whole, and was what its note says when it was
 * put there; nothing that is there is ever written over.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { AdvisorFault } from "../advisor.ts";
import { KNOWN_MODELS } from "./known-models.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const EXTENSION = ".gguf";
const MAGIC = "GGUF";

const noteSchema = z.strictObject({
  version: z.literal(1),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  licence: z.string().max(200),
  title: z.string().max(200),
  source: z.string().max(2_000),
});
export type ModelNote = z.infer<typeof noteSchema>;

export interface StoredModel extends Omit<ModelNote, "version"> {
  readonly name: string;
  readonly path: string;
}

export class ModelStore {
  readonly folder: string;

  constructor(folder?: string, environment: NodeJS.ProcessEnv = process.env) {
    this.folder = folder ?? ownFolder(environment);
  }

  pathOf(name: string): string {
    return join(this.folder, `${name}${EXTENSION}`);
  }

  notePathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  /** A name that was pulled, or the path of a file. */
  async find(model: string): Promise<Result<StoredModel, AdvisorFault>> {
    if (isPath(model)) return this.#findFile(model);
    if (!NAME.test(model)) return err(fault("ADVISOR_MODEL", `${model}: no name of a model`));
    const note = await this.noteOf(model);
    if (note === undefined) return err(this.#absent(model));
    const path = this.pathOf(model);
    const head = await headOf(path);
    if (!head.ok) return head;
    if (head.value.bytes !== note.bytes) {
      const now = `${path} holds ${head.value.bytes} bytes`;
      const text = `${now} and had ${note.bytes} when it was pulled`;
      return err(fault("ADVISOR_MODEL", `${text}: \`arrival model remove\` it and pull it anew`));
    }
    return ok({ name: model, path, ...note });
  }

  /** Undefined where there is none, or none that can be read. */
  async noteOf(name: string): Promise<ModelNote | undefined> {
    try {
      return noteSchema.parse(JSON.parse(await readFile(this.notePathOf(name), "utf8")));
    } catch {
      return undefined;
    }
  }

  async list(): Promise<readonly StoredModel[]> {
    const names = await readdir(this.folder).catch(() => [] as string[]);
    const models: StoredModel[] = [];
    for (const file of names.toSorted()) {
      if (!file.endsWith(".json")) continue;
      const name = file.slice(0, -".json".length);
      const note = await this.noteOf(name);
      const isThere = (await stat(this.pathOf(name)).catch(() => undefined))?.isFile() === true;
      if (note !== undefined && isThere) models.push({ name, path: this.pathOf(name), ...note });
    }
    return models;
  }

  /** @returns what was removed, a broken-off pull among it. */
  async remove(name: string): Promise<readonly string[]> {
    if (!NAME.test(name)) return [];
    const removed: string[] = [];
    for (const path of [this.pathOf(name), `${this.pathOf(name)}.part`, this.notePathOf(name)]) {
      if ((await stat(path).catch(() => undefined)) === undefined) continue;
      await rm(path);
      removed.push(path);
    }
    return removed;
  }

  async #findFile(model: string): Promise<Result<StoredModel, AdvisorFault>> {
    const path = isAbsolute(model) ? model : resolve(model);
    const head = await headOf(path);
    if (!head.ok) return head;
    return ok({
      name: basename(path, EXTENSION)
        .replaceAll(/[^\w.-]/g, "-")
        .slice(0, 64),
      path,
      bytes: head.value.bytes,
      sha256: await sha256Of(path),
      licence: "not told",
      title: basename(path),
      source: path,
    });
  }

  #absent(name: string): AdvisorFault {
    const isKnown = KNOWN_MODELS.some((known) => known.name === name);
    const names = KNOWN_MODELS.map((known) => known.name).join(", ");
    const advice = isKnown
      ? `pull it first: arrival model pull ${name}`
      : `known are ${names}; any other is named by the path of its .gguf file`;
    return fault("ADVISOR_MODEL", `there is no model ${name} in ${this.folder}: ${advice}`);
  }
}

export const isModelName = (name: string): boolean => NAME.test(name);
export const isPath = (model: string): boolean =>
  model.includes("/") || model.includes("\\") || model.endsWith(EXTENSION);

function ownFolder(environment: NodeJS.ProcessEnv): string {
  const told = environment["ARRIVAL_MODELS"];
  if (told !== undefined && told !== "") return resolve(told);
  const cache = environment["XDG_CACHE_HOME"];
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), ".cache");
  return join(base, "arrival", "models");
}

/** What a file is before anything native opens it. */
async function headOf(path: string): Promise<Result<{ readonly bytes: number }, AdvisorFault>> {
  try {
    const file = await open(path);
    try {
      const head = Buffer.alloc(MAGIC.length);
      await file.read(head, 0, head.length, 0);
      const { size } = await file.stat();
      if (head.toString("latin1") === MAGIC) return ok({ bytes: size });
    } finally {
      await file.close();
    }
    return err(fault("ADVISOR_MODEL", `${path} is no model in the GGUF format`));
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return err(fault("ADVISOR_MODEL", `${path} cannot be read (${reason}): check the path`));
  }
}

export async function sha256Of(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(piece as Buffer);
    onBytes?.((piece as Buffer).length);
  }
  return hash.digest("hex");
}

const fault = (code: string, text: string): AdvisorFault => ({ code, text });
