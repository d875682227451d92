/**
 * Venue clock: how far our clock is from the venue's, asked before the first message.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { DataFault } from "../fault.ts";
import { type ClockOffset, type ClockSample, offsetOf } from "./clock.ts";
import type { RestClient } from "./rest-client.ts";

const SAMPLES = 5;

/** `read` takes nanoseconds since 1970 out of an answer. */
export async function venueClock(
  rest: RestClient,
  path: string,
  read: (answer: object) => bigint | undefined,
): Promise<Result<ClockOffset, DataFault>> {
  const samples: ClockSample[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const answer = await rest.get(path, 3);
    if (!answer.ok) return err(venueFault(answer.error.text));
    const { value, asked, answered } = answer.value;
    const venue = typeof value === "object" && value !== null ? read(value) : undefined;
    if (venue === undefined) return err(venueFault(`${path} does not tell the time`));
    samples.push({ asked, answered, venue });
  }
  return ok(offsetOf(samples)!);
}

export const venueFault = (text: string): DataFault => ({ code: "DATA_VENUE", text });

/** A whole number of milliseconds as nanoseconds. */
export const nanosOfMillis = (millis: unknown): bigint | undefined =>
  typeof millis === "number" && Number.isSafeInteger(millis) && millis > 0
    ? BigInt(millis) * 1_000_000n
    : undefined;
