/**
 * Output: how commands speak. Results go to standard output, everything else to standard error, so
 * that `--json` prints one document and nothing more.
 */
import { SingleBar } from "cli-progress";

/** Exit codes: 0 done, 1 the answer is no (a difference, a refusal, unclean data), 2 bad input. */
export const EXIT = { done: 0, no: 1, usage: 2, interrupted: 130 } as const;

/** Ends a command with a message and an exit code; thrown, so that `finally` blocks run. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly code: string;
  constructor(code: string, message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

export const print = (text: string): void => void process.stdout.write(text);
/** Of notes that a reader who stands still has not taken. */
const MOST_UNREAD = 1 << 20;
export const note = (text: string): void => {
  if (process.stderr.writableLength < MOST_UNREAD) process.stderr.write(`${text}\n`);
};

/** A process that is done waits so long for whoever has not read its notes. */
const LAST_WORD_MS = 5_000;

/**
 * Whoever reads the notes may stop reading: a pager, a terminal that is held. By itself Node would
 * wait for them in the middle of whatever it does.
 */
export function neverWaitForReader(): void {
  const { _handle: handle } = process.stderr as unknown as {
    readonly _handle?: { setBlocking?(isBlocking: boolean): void };
  };
  handle?.setBlocking?.(false);
}

/** To be called once all is done: notes that nobody takes do not keep the process. */
export function leaveUnread(): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), LAST_WORD_MS).unref();
}
export const printJson = (value: unknown): void =>
  print(`${JSON.stringify(value, undefined, 2)}\n`);

export const hasColour = (): boolean =>
  process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;

export interface Progress {
  update(done: number, text?: string): void;
  stop(): void;
}

/** A bar on a terminal, nothing elsewhere: a log is not a place for carriage returns. */
export function progress(title: string, total: number, quiet: boolean): Progress {
  if (quiet || process.stderr.isTTY !== true || total <= 0) {
    return { update: () => undefined, stop: () => undefined };
  }
  const bar = new SingleBar({
    format: `${title} {bar} {percentage} % · {text}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    stream: process.stderr,
    barsize: 28,
    fps: 20,
  });
  bar.start(total, 0, { text: "" });
  return {
    update: (done, text = "") => bar.update(Math.min(done, total), { text }),
    stop: () => bar.stop(),
  };
}

/** Lets timers, the progress bar and Ctrl-C have a turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Runs with Ctrl-C asking for an orderly end first; a second one ends at once.
 * `isInterrupted` is looked at between steps.
 */
export async function interruptible<Value>(
  run: (isInterrupted: () => boolean) => Promise<Value>,
): Promise<Value> {
  let interrupted = false;
  const onSignal = (): void => {
    if (interrupted) process.exit(EXIT.interrupted);
    interrupted = true;
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await run(() => interrupted);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
