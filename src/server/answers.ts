/**
 * Answers: what each route gives back, as schemas beside those of the view.
 */
import { z } from "zod";
import type { ControlAnswer } from "../runtime/live/control-protocol.ts";
import { ADVICE_ENTRY } from "./advisor-schemas.ts";
import { APPROVAL, DECISION_VIEW, ORDER_ROW, RUN_NOTE, TIMELINE_ENTRY } from "./view-schemas.ts";

/** Every refusal and fault: a code to look up, and words. */
export const FAULT = z.object({ code: z.string(), text: z.string() }).meta({ id: "Fault" });

export const WHO = z
  .object({
    user: z.string(),
    role: z.enum(["viewer", "trader", "admin"]),
    program: z.string(),
    /** In quote coin; null: one person's word is enough. */
    secondApproval: z.string().nullable(),
    isReadOnly: z.boolean(),
    /** Whether orders may be begun here at all: a run of one order takes on no other. */
    takesOrders: z.boolean(),
    /** Microseconds since 1970; null: a token, which does not expire. */
    expiresAt: z.number().nullable(),
  })
  .meta({ id: "Who" });

export const HEALTH = z.object({ status: z.enum(["ok", "trouble"]) });
export const RUNS = z.object({ runs: z.array(RUN_NOTE) });
export const ORDERS = z.object({ orders: z.array(ORDER_ROW) });
export const MARKETS = z.object({ instruments: z.array(z.string()) });
export const TIMELINE = z.object({
  entries: z.array(TIMELINE_ENTRY.extend({ journal: z.string() })),
});
export const WAITING = z.object({ waiting: z.array(APPROVAL) });
export const WAITS = z.object({ approval: APPROVAL });
export const TAKEN_ON = z.object({
  parentId: z.string(),
  /** Number of the event in the journal. */
  record: z.number(),
});
export const LIMITS_NOW = z.object({
  instrument: z.string(),
  limits: z.record(z.string(), z.unknown()),
});

export const WHY = z.object({
  parentId: z.string(),
  phase: z.string(),
  reason: z.string(),
  halt: z.string().nullable(),
  decisions: z.array(DECISION_VIEW),
  advice: z.array(ADVICE_ENTRY),
});

/** What a run answered to an operator. */
export const DONE = z.object({
  text: z.string(),
  /** Of the event in the journal; null: the run did not say. */
  record: z.number().nullable(),
  time: z.number().nullable(),
});
export const KILLED = z.object({
  runs: z.array(z.object({ ok: z.boolean(), text: z.string() })),
});
export const AGREED = z.object({
  text: z.string(),
  parentId: z.string().nullable(),
  record: z.number().nullable(),
});
export const REFUSED = z.object({ text: z.string() });

export const JOURNALS = z.object({
  journals: z.array(
    z.object({
      journal: z.string(),
      instrument: z.string(),
      venue: z.string(),
      isLive: z.boolean(),
      parentIds: z.array(z.string()),
      /** Of its first order; null: it has none. */
      startAt: z.number().nullable(),
    }),
  ),
});
export const JOURNAL = z.object({
  journal: z.string(),
  instrument: z.string(),
  records: z.number(),
  parentIds: z.array(z.string()),
  marks: z.array(z.object({ record: z.number(), time: z.number() })),
});

export const doneOf = (answer: ControlAnswer & { readonly ok: true }): z.infer<typeof DONE> => ({
  text: answer.text,
  record: answer.record ?? null,
  time: answer.time ?? null,
});
