/**
 * Order form: what a person fills in to have an order worked. Hostile until parsed here.
 *
 * Quantities and prices are decimal text; whether they lie on the instrument's grid is found out
 * once that is known. What is left out is the configuration's.
 */
import { z } from "zod";

const DECIMAL = z
  .string()
  .regex(/^\d{1,18}(\.\d{1,18})?$/, "a decimal number such as 1.5, without sign and exponent");
const NAME = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "a name of lower-case letters, digits and hyphens");
const DURATION = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,3})?(ms|s|m|h|d)$/, "a span such as 90s, 30m, 4h");

export const ORDER_FORM = z.strictObject({
  /** As the venue writes it, such as BTCUSDT. */
  symbol: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/),
  category: z.enum(["linear", "inverse", "spot"]).default("linear"),
  side: z.enum(["buy", "sell"]),
  /** One of the two. */
  quantity: DECIMAL.optional(),
  notional: DECIMAL.optional(),
  over: DURATION,
  startIn: DURATION.optional(),
  strategy: NAME.optional(),
  parameters: z.record(z.string().max(40), z.json()).optional(),
  tactic: NAME.optional(),
  tacticParameters: z.record(z.string().max(40), z.json()).optional(),
  urgency: z.number().min(0).max(1).optional(),
  limit: DECIMAL.optional(),
  iWould: DECIMAL.optional(),
  maxParticipation: z.number().gt(0).max(1).optional(),
  residual: z.enum(["leave", "cross", "cross-over-participation"]).optional(),
  reduceOnly: z.boolean().optional(),
  /** Taken on although its limits may not let it finish. */
  acceptInfeasible: z.boolean().optional(),
  /** Absent: as the desk was started. */
  isAdvised: z.boolean().optional(),
});
export type OrderForm = z.infer<typeof ORDER_FORM>;
