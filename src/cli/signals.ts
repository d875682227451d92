/**
 * Signals: Ctrl-C, a polite kill, a closed terminal; and what nobody else catches.
 *
 * What must stay true: while one is open no signal ends the process before whoever works has heard
 * of it.
 */
export class Signals {
  count = 0;
  onEach: ((count: number) => void) | undefined;
  onFault: ((error: unknown) => void) | undefined;
  readonly #abort = new AbortController();
  readonly #take = (): void => {
    this.count += 1;
    this.#abort.abort();
    this.onEach?.(this.count);
  };
  readonly #fault = (error: unknown): void => {
    if (this.onFault === undefined) throw error;
    this.onFault(error);
  };

  /** Nobody reads the notes any more: the order is worked all the same. */
  readonly #unheard = (): void => undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#take);
    process.on("uncaughtException", this.#fault);
    process.stderr.on("error", this.#unheard);
  }

  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#take);
    process.off("uncaughtException", this.#fault);
    // Not stderr's: a note that nobody took is told of as an error only later.
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
