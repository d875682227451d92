/**
 * Credentials: an API key and its secret, from the environment or a file that nobody else can read.
 *
 * The secret signs and is never handed out. What must stay true: however an object of these is
 * printed, joined, serialised or inspected, the secret is not in the text; and no error of reading
 * them tells anything of what was read.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inspect } from "node:util";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { VenueFault } from "../venue.ts";

export class Credentials {
  readonly #key: string;
  readonly #secret: KeyObject;
  /** All ways in which text could carry the secret. */
  readonly #forms: readonly string[];

  constructor(key: string, secret: string) {
    this.#key = key;
    this.#secret = createSecretKey(secret, "utf8");
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64").replace(/=+$/, ""),
      Buffer.from(secret).toString("base64url"),
      Buffer.from(secret).toString("hex"),
    ];
    this.#forms = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  /** Goes to the venue with each request; in what people read stands `shownKey`. */
  get key(): string {
    return this.#key;
  }

  get shownKey(): string {
    return `${this.#key.slice(0, 4)}…`;
  }

  /** HMAC-SHA256 in hex. */
  sign(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("hex");
  }

  /** Takes the secret, and all but the key's first letters, out of any text. */
  redact(text: string): string {
    let clean = text;
    for (const form of this.#forms) clean = clean.replaceAll(form, "[secret]");
    return clean.replaceAll(this.#key, `[key ${this.#key.slice(0, 4)}]`);
  }

  toString(): string {
    return `Credentials(${this.shownKey})`;
  }

  toJSON(): { readonly key: string } {
    return { key: this.shownKey };
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Without credentials there is nothing to hide. */
export const redactor =
  (credentials: Credentials | undefined): ((text: string) => string) =>
  (text) =>
    credentials === undefined ? text : credentials.redact(text);

export type Environment = Readonly<Record<string, string | undefined>>;

const KEY = "ARRIVAL_BYBIT_KEY";
const SECRET = "ARRIVAL_BYBIT_SECRET";
const FILE = "ARRIVAL_BYBIT_CREDENTIALS";

/**
 * Where they are looked for, the first that is there: the file named by the caller (a flag); the
 * file named by ARRIVAL_BYBIT_CREDENTIALS; ARRIVAL_BYBIT_KEY and ARRIVAL_BYBIT_SECRET, each of
 * which may also stand in a file, named by the same name with _FILE. Undefined: none are given.
 */
export function readCredentials(
  environment: Environment,
  file?: string,
): Result<Credentials | undefined, VenueFault> {
  const path = file ?? environment[FILE];
  if (path !== undefined && path !== "") return readFileOf(path);
  const key = readValue(environment, KEY);
  if (!key.ok) return key;
  const secret = readValue(environment, SECRET);
  if (!secret.ok) return secret;
  if (key.value === undefined && secret.value === undefined) return ok(undefined);
  if (key.value === undefined) return refuse(`${SECRET} is set, but ${KEY} is not: set both`);
  if (secret.value === undefined) return refuse(`${KEY} is set, but ${SECRET} is not: set both`);
  return made(key.value, secret.value, "the environment");
}

export function readValue(
  environment: Environment,
  name: string,
): Result<string | undefined, VenueFault> {
  const direct = environment[name];
  const path = environment[`${name}_FILE`];
  if (path === undefined || path === "") return ok(direct === "" ? undefined : direct);
  if (direct !== undefined && direct !== "") {
    return refuse(`${name} and ${name}_FILE are both set: set one of them`);
  }
  const text = readPrivate(path);
  return text.ok ? ok(text.value.trim()) : text;
}

/** JSON `{"key": …, "secret": …}`, or lines `key = …` and `secret = …`. */
function readFileOf(path: string): Result<Credentials, VenueFault> {
  const text = readPrivate(path);
  if (!text.ok) return text;
  const found = fromJson(text.value) ?? fromLines(text.value);
  const { key, secret } = found;
  if (typeof key !== "string" || typeof secret !== "string") {
    const wanted = 'lines "key = …" and "secret = …", or JSON with these two names';
    return refuse(`${path} has no key and secret: it should hold ${wanted}`);
  }
  return made(key, secret, path);
}

function fromJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function fromLines(text: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(key|secret|ARRIVAL_BYBIT_KEY|ARRIVAL_BYBIT_SECRET)\s*[=:]\s*(\S+)\s*$/.exec(
      line,
    );
    if (match === null) continue;
    const isSecret = match[1] === "secret" || match[1] === SECRET;
    found[isSecret ? "secret" : "key"] = match[2]!.replace(/^(["'])(.*)\1$/, "$2");
  }
  return found;
}

/** Visible letters only: what cannot stand in a header never leaves this file. */
const SYNTAX = /^[\x21-\x7e]{8,256}$/;

function made(key: string, secret: string, where: string): Result<Credentials, VenueFault> {
  for (const [name, value] of [
    ["key", key],
    ["secret", secret],
  ] as const) {
    if (!SYNTAX.test(value)) {
      const what = `the ${name} in ${where} is none: 8 to 256 letters and digits, without blanks`;
      return refuse(`${what}; copy it again from the venue's page`);
    }
  }
  return ok(new Credentials(key, secret));
}

/** Far more than a key and a secret need. */
const MOST_BYTES = 16_384;

/** Refuses a file that others may read. The check is on the very file that is then read. */
function readPrivate(path: string): Result<string, VenueFault> {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    return refuse(`${path} cannot be read (${codeOf(error)}): check the path and its owner`);
  }
  try {
    const { mode, size } = fstatSync(descriptor);
    const isFile = (mode & 0o170000) === 0o100000;
    if (!isFile) return refuse(`${path} is no file`);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const now = (mode & 0o777).toString(8).padStart(4, "0");
      return refuse(`${path} can be read by others (mode ${now}): run chmod 600 on it first`);
    }
    if (size > MOST_BYTES) return refuse(`${path} is too large for a key and its secret`);
    const bytes = Buffer.alloc(MOST_BYTES);
    return ok(bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, MOST_BYTES, 0)));
  } catch (error) {
    return refuse(`${path} cannot be read (${codeOf(error)})`);
  } finally {
    closeSync(descriptor);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown";

const refuse = (text: string): Result<never, VenueFault> =>
  err({ code: "VENUE_CREDENTIALS", text });
