/**
 * Document of: which document tells a report's data: that of one order, or of a period.
 */
import type { ReportDocument } from "./document.ts";
import { orderDocument } from "./order-document.ts";
import { periodDocument } from "./period-document.ts";
import type { ReportData } from "./report-data.ts";
import { invariant } from "../core/domain/errors.ts";

export function documentOf(data: ReportData): ReportDocument {
  const [only] = data.orders;
  if (data.period !== null) return periodDocument(data.period, data);
  invariant(only !== undefined, "a report of nothing");
  return orderDocument(only, data);
}
