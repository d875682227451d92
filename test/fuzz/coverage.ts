/**
 * Coverage: which blocks of our own code have been reached, as V8 itself counts them.
 *
 * What must stay true: it is started before the code is loaded, because V8 counts only blocks of
 * functions that it compiled while it was counting.
 */
import { type Profiler, Session } from "node:inspector";

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    // Calls are counted, although only "at all" matters: without counting V8 tells each block once
    // in its life, and what one input alone reaches could not be asked.
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Blocks reached so far. */
  get blocks(): number {
    return this.#seen.size;
  }

  /** Blocks reached since the last call that had never been reached before. */
  takeNew(): Set<string> {
    const fresh = new Set<string>();
    for (const block of this.reached()) if (!this.#seen.has(block)) fresh.add(block);
    for (const block of fresh) this.#seen.add(block);
    return fresh;
  }

  /** Every block reached since the last call, new or not. */
  *reached(): Generator<string> {
    // Without a network or another thread in between, the answer comes before `post` returns.
    let scripts: Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error === null) scripts = answer.result;
    });
    for (const { url, functions } of scripts) {
      const at = url.indexOf("/src/");
      if (at < 0 || url.includes("/node_modules/")) continue;
      const file = url.slice(at);
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) yield `${file}:${startOffset}-${endOffset}`;
        }
      }
    }
  }

  stop(): void {
    this.#session.disconnect();
  }
}
