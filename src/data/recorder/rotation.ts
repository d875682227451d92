/**
 * Rotation: when a recording goes on in another file, and what that file is called.
 *
 * Times are cut at whole multiples of the span since 1970, so that an hour's file holds an hour of
 * the clock. Names sort as their times do.
 */
export interface Rotation {
  /** Nanoseconds; a file ends at the next whole multiple of it. */
  readonly everyNanos?: number;
  /** A file ends with the block that makes it so long. */
  readonly bytes?: number;
}

/** The first whole multiple behind `time`; both since `baseSeconds`, nanoseconds. */
export function nextBoundary(time: number, baseSeconds: number, everyNanos: number): number {
  const every = BigInt(everyNanos);
  const base = BigInt(baseSeconds) * 1_000_000_000n;
  const whole = ((base + BigInt(Math.floor(time))) / every + 1n) * every;
  return Number(whole - base);
}

/** `bybit-linear-BTCUSDT-20261123T140000.000Z.arrival`, of the first row's time. */
export function fileName(prefix: string, baseSeconds: number, time: number): string {
  const date = new Date(baseSeconds * 1000 + Math.floor(time / 1e6));
  return `${prefix}-${date.toISOString().replaceAll(/[-:]/g, "")}.arrival`;
}
