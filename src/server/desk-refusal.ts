/**
 * Desk refusal: with which status a refusal of the desk is told over HTTP.
 */
import type { DeskFault } from "../runtime/desk/desk-terms.ts";
import { refusal, type Refusal } from "./server-terms.ts";

const STATUS: Readonly<Record<string, number>> = {
  DESK_NO_ORDER: 404,
  DESK_NO_MARKET: 404,
  DESK_ORDER: 400,
  DESK_READ_ONLY: 403,
  DESK_RECOVERING: 503,
  DESK_CLOSED: 503,
};

/** Most refusals are no fault of the request's form: what the desk has now does not allow it. */
export const deskRefusal = ({ code, text }: DeskFault): Refusal =>
  refusal(STATUS[code] ?? 409, code, text);

export const notFound = (what: string): Refusal => refusal(404, "SERVER_NOT_FOUND", what);
