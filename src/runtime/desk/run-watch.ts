/**
 * Run watch: the viewer of a run, and who is to be told that something there has changed.
 *
 * What must stay true: it never throws into the run that it follows: a viewer that breaks stands
 * still, and that is told.
 */
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Engine } from "../../core/engine.ts";
import { RunViewer, type RunViewerOptions } from "../../view/run-viewer.ts";
import type { RunFollower } from "../live/run-follower.ts";

export interface RunWatchOptions {
  readonly viewer: (engine: Engine) => RunViewerOptions;
  readonly onEvent: () => void;
  readonly onRows: () => void;
}

export class RunWatch implements RunFollower {
  readonly #options: RunWatchOptions;
  #viewer: RunViewer | undefined;
  /** Undefined: there is none yet. */
  engine: Engine | undefined;
  /** Why what is shown stands still; null: it does not. */
  trouble: string | null = null;

  constructor(options: RunWatchOptions) {
    this.#options = options;
  }

  /** Undefined: there is no engine yet. */
  get viewer(): RunViewer | undefined {
    return this.#viewer;
  }

  begun(engine: Engine): void {
    this.engine = engine;
    this.#guard(() => {
      this.#viewer = new RunViewer(engine, this.#options.viewer(engine));
    });
  }

  recalled(record: number | undefined, event: EngineEvent, outputs: readonly EngineOutput[]): void {
    this.#guard(() => this.#viewer?.recalled(record, event, outputs));
  }

  stepped(record: number | undefined, event: EngineEvent, outputs: readonly EngineOutput[]): void {
    this.#guard(() => this.#viewer?.stepped(record, event, outputs));
    this.#guard(this.#options.onEvent);
  }

  rowsSeen(): void {
    this.#guard(this.#options.onRows);
  }

  #guard(look: () => void): void {
    if (this.trouble !== null) return;
    try {
      look();
    } catch (error) {
      this.trouble = `what is shown of it stands still: ${String(error)}`;
    }
  }
}
