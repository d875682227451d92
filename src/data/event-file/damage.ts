/**
 * Damage: how the inner parts of the event-file reader say that bytes are not what a writer made.
 *
 * They stand deep in decoding loops, so they throw; the reader catches at its border and answers
 * with the file, the block and the offset. Nothing else throws this.
 */
import type { DataFault } from "../fault.ts";

export class Damage extends Error {
  override readonly name = "Damage";
}

export function damaged(reason: string): never {
  throw new Damage(reason);
}

/** Thrown by iterators over an event file, and by its writer in the middle of the work. */
export class EventFileError extends Error {
  override readonly name = "EventFileError";
  readonly fault: DataFault;
  /** Without the place and the advice. */
  readonly reason: string;
  constructor(fault: DataFault, reason = fault.text) {
    super(fault.text);
    this.fault = fault;
    this.reason = reason;
  }
}
