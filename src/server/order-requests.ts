/**
 * Order requests: what may be asked over HTTP for an order that is there, hostile until parsed.
 *
 * They are the words of `arrival ctl`, under the same bounds; who asks is not for the body to say.
 */
import { z } from "zod";
import type { OrderCommand } from "../runtime/desk/desk-terms.ts";
import { parseDuration } from "../runtime/duration.ts";
import { isPrintable } from "../runtime/live/control-protocol.ts";

const DECIMAL = z
  .string()
  .regex(/^\d{1,20}(?:\.\d{1,20})?$/, 'must be a decimal as text, such as "0.5"');
const NAME = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "must be a name, such as twap");
const SPAN = z
  .string()
  .max(40)
  .refine((text) => parseDuration(text).ok, "must be a span with its unit, such as 5m");
const PARAMETERS = z.record(z.string().max(40), z.json());
const SHARE = z.number().min(0).max(1);
const MOST_PARTICIPATION = z.number().gt(0).max(1);

export const REASON = z
  .string()
  .min(1, "must not be empty")
  .max(500)
  .refine(isPrintable, "must have no control characters");

export const NOTHING = z.strictObject({});
export const PAUSE = z.strictObject({ reason: REASON.exactOptional() });
export const CANCEL = z.strictObject({ reason: REASON.exactOptional() });
export const KILL = z.strictObject({ reason: REASON });
export const LIMITS = z.strictObject({ set: PARAMETERS });

export const AMEND = z.strictObject({
  /** Units of the instrument, all of the order; or money, where the order was given in money. */
  quantity: DECIMAL.exactOptional(),
  notional: DECIMAL.exactOptional(),
  deadline: z.iso.datetime({ offset: true }).exactOptional(),
  /** From now on. */
  over: SPAN.exactOptional(),
  urgency: SHARE.exactOptional(),
  /** Null: none. */
  limit: DECIMAL.nullable().exactOptional(),
  maxParticipation: MOST_PARTICIPATION.nullable().exactOptional(),
});
export type AmendBody = z.infer<typeof AMEND>;

export const SWITCH = z.strictObject({
  strategy: NAME,
  parameters: PARAMETERS.exactOptional(),
  tactic: z.strictObject({ name: NAME, parameters: PARAMETERS.exactOptional() }).exactOptional(),
});

/** What an order is told by each of its routes. */
export const COMMANDS = {
  pause: (body: z.infer<typeof PAUSE>): OrderCommand => ({ command: "pause", ...body }),
  resume: (): OrderCommand => ({ command: "resume" }),
  cancel: (body: z.infer<typeof CANCEL>): OrderCommand => ({ command: "cancel", ...body }),
  amend: (body: AmendBody): OrderCommand => ({ command: "amend", ...body }),
  switch: (body: z.infer<typeof SWITCH>): OrderCommand => ({ command: "switch", ...body }),
} as const;

const DEEPEST = 12;

/** Whether a body is no maze of brackets, and has no name that means something to JavaScript. */
export function isShallow(value: unknown, depth = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) {
    return typeof value !== "string" || value.isWellFormed();
  }
  if (depth === 0) return false;
  return Object.entries(value).every(
    ([key, each]) => key !== "__proto__" && key.isWellFormed() && isShallow(each, depth - 1),
  );
}
