/**
 * Errors: programmer errors throw, operating errors are values.
 *
 * An `InvariantError` means that the program is wrong: the shell halts trading and exits. All that
 * is expected to go wrong (a reject, a bad line, a refused setting) is a `Result` or an event.
 */

/** A violated invariant. Never caught inside the core: the shell halts trading and exits. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * Always on, in production too: a wrong number is worse than a stopped program. A text with figures
 * in it is made at every call: hot code asks first, and calls only to fail.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends a switch over a closed union: a forgotten case does not compile. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}

/** The outcome of an operation that is expected to fail sometimes. */
export type Result<Value, Failure> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: Failure };

export const ok = <Value>(value: Value): Result<Value, never> => ({ ok: true, value });
export const err = <Failure>(error: Failure): Result<never, Failure> => ({ ok: false, error });
