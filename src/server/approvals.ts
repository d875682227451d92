/**
 * Approvals: what waits for a second person's word, in a file that a restart finds again.
 *
 * What must stay true: whoever asked cannot agree; what is carried out is what was asked, to the
 * letter; and it is out of the file before it is carried out, so that no crash does it twice.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { ORDER_FORM } from "../runtime/desk/order-form.ts";
import type { Approval } from "../view/stream.ts";
import { AMEND } from "./order-requests.ts";
import { readPrivate, writePrivate } from "./private-file.ts";
import { refusal, type Refusal, type ServerFault } from "./server-terms.ts";

const ASKED = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("submit"), form: ORDER_FORM }),
  z.strictObject({ kind: z.literal("amend"), parentId: z.string().max(40), amend: AMEND }),
]);
export type Asked = z.infer<typeof ASKED>;

const KEPT = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  by: z.string().max(64),
  at: z.int(),
  text: z.string().max(500),
  request: ASKED,
  expiresAt: z.int(),
});
export type Kept = Omit<Approval, "request"> & { readonly request: Asked };
const CONTENT = z.strictObject({ version: z.literal(1), waiting: z.array(KEPT) });

export const APPROVALS_FILE = "arrival-approvals.json";
const MOST_WAITING = 100;
const MOST_OF_ONE = 10;
const EXPIRES_MS = 3_600_000;

export class Approvals {
  readonly #path: string;
  readonly #now: () => number;
  /** Told when what waits is another. */
  onChange: () => void = () => undefined;
  #waiting: readonly Kept[];

  private constructor(path: string, now: () => number, waiting: readonly Kept[]) {
    this.#path = path;
    this.#now = now;
    this.#waiting = waiting;
  }

  static open(folder: string, now: () => number): Result<Approvals, ServerFault> {
    const path = join(folder, APPROVALS_FILE);
    const read = readPrivate(path);
    if (!read.ok) return err({ code: "SERVER_APPROVALS", text: read.error });
    if (read.value === undefined) return ok(new Approvals(path, now, []));
    const parsed = CONTENT.safeParse(read.value);
    if (!parsed.success) {
      const text = `${path} is not as it was written: look at it, and remove it`;
      return err({ code: "SERVER_APPROVALS", text });
    }
    const waiting = parsed.data.waiting.map(({ id, by, at, text, request, expiresAt }) => ({
      id,
      by,
      at: micros(at),
      text,
      request,
      expiresAt: micros(expiresAt),
    }));
    return ok(new Approvals(path, now, waiting));
  }

  /** Oldest first. */
  waiting(): readonly Approval[] {
    this.sweep();
    return this.#waiting;
  }

  ask(by: string, text: string, request: Asked): Result<Approval, Refusal> {
    this.sweep();
    const own = this.#waiting.filter((each) => each.by === by).length;
    if (this.#waiting.length >= MOST_WAITING || own >= MOST_OF_ONE) {
      const many = `${own} requests of ${by} wait already, of ${this.#waiting.length} in all`;
      return err(refusal(429, "SERVER_APPROVALS_FULL", many));
    }
    const at = this.#now();
    const approval: Kept = {
      id: randomBytes(8).toString("hex"),
      by,
      at: toMicros(at),
      text,
      request,
      expiresAt: toMicros(at + EXPIRES_MS),
    };
    const kept = this.#keep([...this.#waiting, approval]);
    return kept.ok ? ok(approval) : kept;
  }

  /** It waits no more: the caller carries it out. */
  take(id: string, by: string): Result<Kept, Refusal> {
    const found = this.#find(id);
    if (!found.ok) return found;
    if (found.value.by === by) {
      const text = "whoever asked cannot agree: that is for somebody else";
      return err(refusal(403, "SERVER_OWN_REQUEST", text));
    }
    const kept = this.#keep(this.#waiting.filter((each) => each.id !== id));
    return kept.ok ? found : kept;
  }

  /** It could not be carried out yet, and nothing was done: it waits on. */
  putBack(approval: Kept): void {
    this.#keep([approval, ...this.#waiting]);
  }

  drop(id: string): Result<Kept, Refusal> {
    const found = this.#find(id);
    if (!found.ok) return found;
    const kept = this.#keep(this.#waiting.filter((each) => each.id !== id));
    return kept.ok ? found : kept;
  }

  /** What has expired waits no more. The file learns of it at the next change. */
  sweep(): void {
    const now = toMicros(this.#now());
    const left = this.#waiting.filter(({ expiresAt }) => expiresAt > now);
    if (left.length === this.#waiting.length) return;
    this.#waiting = left;
    this.onChange();
  }

  #find(id: string): Result<Kept, Refusal> {
    this.sweep();
    const found = this.#waiting.find((each) => each.id === id);
    if (found !== undefined) return ok(found);
    return err(refusal(404, "SERVER_NOT_FOUND", "nothing of that id waits (any more)"));
  }

  #keep(waiting: readonly Kept[]): Result<void, Refusal> {
    const why = writePrivate(this.#path, { version: 1, waiting });
    if (why !== undefined) return err(refusal(503, "SERVER_APPROVALS", why));
    this.#waiting = waiting;
    this.onChange();
    return ok(undefined);
  }
}

const toMicros = (milliseconds: number): Micros => micros(Math.round(milliseconds * 1_000));
