/**
 * Api: what the page asks of the server, one function for each request; nothing else fetches.
 *
 * What must stay true: a refusal is a value with the server's words; a request that changes
 * something is sent once and never again by itself, for nobody knows whether the first arrived.
 */
import type {
  JournalMoment,
  OpenedJournal,
  OrderCommand,
  OrderPreview,
} from "../../../src/runtime/desk/desk-terms.ts";
import type { OrderForm } from "../../../src/runtime/desk/order-form.ts";
import type { Micros } from "../../../src/core/domain/units.ts";
import type { Approval, Role } from "../../../src/view/stream.ts";

export interface Refusal {
  readonly code: string;
  readonly text: string;
}
export type Answer<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Refusal };

export interface Who {
  readonly user: string;
  readonly role: Role;
  /** In quote coin; null: one person's word is enough. */
  readonly secondApproval: string | null;
  readonly isReadOnly: boolean;
  /** The run of one order takes on no other. */
  readonly takesOrders: boolean;
}
export interface JournalNote {
  readonly journal: string;
  readonly instrument: string;
  readonly venue: string;
  readonly isLive: boolean;
  readonly parentIds: readonly string[];
  readonly startAt: Micros;
}
export type OpenedNote = Omit<OpenedJournal, "at" | "close">;
export type { Approval, JournalMoment, OrderCommand, OrderForm, OrderPreview };

const BASE = "/api/v1";
export const NO_ANSWER = "PAGE_NO_ANSWER";
const inPath = encodeURIComponent;

async function ask<Value>(method: string, path: string, body?: unknown): Promise<Answer<Value>> {
  try {
    const response = await fetch(`${BASE}${path}`, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    const text = await response.text();
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    return response.ok && !isRefusal(value)
      ? { ok: true, value: value as Value }
      : { ok: false, refusal: refusalOf(value, response.status) };
  } catch (error) {
    const why = error instanceof Error ? error.message : "no answer";
    return {
      ok: false,
      refusal: { code: NO_ANSWER, text: `The server did not answer: ${why}` },
    };
  }
}

/** A run's own answer says by `ok` whether it was taken. */
const isRefusal = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "ok" in value && value.ok === false;

function refusalOf(value: unknown, status: number): Refusal {
  if (typeof value === "object" && value !== null && "code" in value && "text" in value)
    return { code: String(value.code), text: String(value.text) };
  return { code: `HTTP_${status}`, text: `The server refused it (${status}).` };
}

export const api = {
  whoAmI: () => ask<Who>("GET", "/session"),
  logIn: (token: string) => ask<Who>("POST", "/session", { token }),
  logOut: () => ask<unknown>("DELETE", "/session"),
  preview: (form: OrderForm) => ask<OrderPreview>("POST", "/orders/preview", form),
  submit: (form: OrderForm) => ask<Submitted>("POST", "/orders", form),
  command: (parentId: string, { command, ...rest }: OrderCommand) =>
    ask<Done>("POST", `/orders/${inPath(parentId)}/${command}`, rest),
  kill: (reason: string) => ask<Killed>("POST", "/kill", { reason }),
  agree: (id: string) => ask<Done>("POST", `/approvals/${inPath(id)}/agree`, {}),
  refuse: (id: string) => ask<Done>("POST", `/approvals/${inPath(id)}/refuse`, {}),
  limits: (instrument: string) => ask<LimitsNow>("GET", `/limits/${inPath(instrument)}`),
  setLimits: (instrument: string, set: Readonly<Record<string, unknown>>) =>
    ask<Done>("PATCH", `/limits/${inPath(instrument)}`, { set }),
  journals: () => ask<{ readonly journals: readonly JournalNote[] }>("GET", "/journals"),
  journal: (name: string) => ask<OpenedNote>("GET", `/journals/${inPath(name)}`),
  moment: (name: string, record: number) =>
    ask<JournalMoment>("GET", `/journals/${inPath(name)}/moment?record=${record}`),
};

/** Taken on, or waiting for a second person. */
export interface Submitted {
  readonly parentId?: string;
  readonly approval?: Approval;
}
export interface Done {
  readonly text?: string;
  readonly parentId?: string | null;
  readonly record?: number | null;
  readonly approval?: Approval;
}
export interface Killed {
  readonly runs: readonly { readonly ok: boolean; readonly text: string }[];
}
export interface LimitsNow {
  readonly instrument: string;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** What came of a change, in one line for whoever asked. */
export function toldOf({ text, record, approval }: Done): string {
  if (approval !== undefined) return `Waits for a second person: ${approval.text}`;
  const where = typeof record === "number" ? ` (journal record ${record})` : "";
  return `${text ?? "Done"}${where}`;
}
