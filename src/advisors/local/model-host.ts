/**
 * Model host: the engine's side of the process that holds the model.
 *
 * It starts it, asks it one thing at a time, ends it when it hangs, and starts another off the path
 * when it is gone. What must stay true: whatever becomes of that process, each question to it ends,
 * and nothing here waits for it in any other way than by a promise.
 */
import { type ChildProcess, fork } from "node:child_process";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { AdvisorFault } from "../advisor.ts";
import type { AdvisorTime } from "../time.ts";
import { runtimeFault } from "./llama-runtime.ts";
import type {
  ModelInfo,
  ModelReply,
  ModelRequest,
  Scored,
  ScoreRequest,
} from "./model-messages.ts";

const NANOS_PER_MS = 1e6;
const MOST_COMPLAINT = 2_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

export interface HostTerms {
  readonly path: string;
  readonly threads: number;
  readonly contextTokens: number;
  /** 0..19: how far it stands back when cores are short. */
  readonly niceness: number;
  /** A model that is not loaded by then will not be. */
  readonly openWithinMs: number;
  /** One pass that takes longer hangs. */
  readonly stuckAfterMs: number;
}

/** What asks of a model. */
export type Ask = Omit<ScoreRequest, "kind" | "id">;
/** Why there is no score: `gone` mends itself, `refused` is the model's own word. */
export interface ScoreFault {
  readonly kind: "gone" | "refused";
  readonly text: string;
}

/** What an advisor needs of a model: a real one, or a test's. */
export interface LabelScorer {
  open(): Promise<Result<ModelInfo, AdvisorFault>>;
  score(ask: Ask): Promise<Result<Scored, ScoreFault>>;
  close(): Promise<void>;
}

interface Pending {
  readonly id: number;
  readonly end: (result: Result<Scored, ScoreFault>) => void;
  readonly noLongerStuck: () => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly opened: Promise<Result<ModelInfo, AdvisorFault>>;
  readonly ended: Promise<void>;
  complaint: string;
}

export class ModelHost implements LabelScorer {
  readonly #terms: HostTerms;
  readonly #time: AdvisorTime;
  #running: Running | undefined;
  #pending: Pending | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #ids = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #noRestart: (() => void) | undefined;
  #isClosed = false;
  #cpuMillis = 0;
  #residentBytes = 0;

  constructor(terms: HostTerms, time: AdvisorTime) {
    this.#terms = terms;
    this.#time = time;
  }

  /** Of the process that holds the model, for tests and for those who watch it. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Of all that was scored so far. */
  get cpuMillis(): number {
    return this.#cpuMillis;
  }

  /** Of the model's process, when it last answered. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  open(): Promise<Result<ModelInfo, AdvisorFault>> {
    if (this.#isClosed) return Promise.resolve(err(modelFault("it was closed")));
    this.#running ??= this.#start();
    return this.#running.opened;
  }

  score(ask: Ask): Promise<Result<Scored, ScoreFault>> {
    const turn = this.#last.then(() => this.#scoreNow(ask));
    this.#last = turn;
    return turn;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#noRestart?.();
    const running = this.#running;
    if (running === undefined) return;
    keepAwake(running.child, true);
    running.child.kill("SIGKILL");
    await running.ended;
  }

  async #scoreNow(ask: Ask): Promise<Result<Scored, ScoreFault>> {
    if (this.#isClosed) return gone("the model was closed");
    if (this.#noRestart !== undefined) return gone("the model is being started anew");
    const opened = await this.open();
    if (!opened.ok) return gone(opened.error.text);
    const running = this.#running;
    if (running === undefined) return gone("the model's process has ended");
    const id = ++this.#ids;
    return new Promise((resolve) => {
      const noLongerStuck = this.#time.after(this.#terms.stuckAfterMs * NANOS_PER_MS, () => {
        running.complaint = `it has not answered for ${this.#terms.stuckAfterMs} ms and was ended`;
        running.child.kill("SIGKILL");
      });
      this.#pending = { id, end: resolve, noLongerStuck };
      keepAwake(running.child, true);
      send(running.child, { kind: "score", id, ...ask });
    });
  }

  #end(result: Result<Scored, ScoreFault>): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.noLongerStuck();
    if (this.#running !== undefined) keepAwake(this.#running.child, false);
    pending?.end(result);
  }

  #start(): Running {
    const { niceness, path, threads, contextTokens } = this.#terms;
    const program = import.meta.url.endsWith(".ts") ? "./model-process.ts" : "./model-process.js";
    const child = fork(new URL(program, import.meta.url), [String(niceness)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: ["--no-warnings"],
      env: environmentOf(process.env),
    });
    const opening = Promise.withResolvers<Result<ModelInfo, AdvisorFault>>();
    const tooLate = this.#time.after(this.#terms.openWithinMs * NANOS_PER_MS, () => {
      running.complaint = `it was not loaded within ${this.#terms.openWithinMs} ms`;
      child.kill("SIGKILL");
    });
    const endOpening = (result: Result<ModelInfo, AdvisorFault>): void => {
      tooLate();
      keepAwake(child, false);
      opening.resolve(result);
    };
    const ended = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        running.complaint = error.message;
        resolve();
      });
      child.once("exit", (code, signal) => {
        running.complaint ||= signal === null ? `it ended with ${code}` : `it died by ${signal}`;
        resolve();
      });
    }).then(() => {
      endOpening(err(modelFault(running.complaint)));
      this.#onEnd(running);
    });
    const running: Running = { child, opened: opening.promise, ended, complaint: "" };
    let words = "";
    child.stderr?.on("data", (data) => (words = (words + String(data)).slice(-MOST_COMPLAINT)));
    child.on("message", (reply: ModelReply) => {
      if (reply.kind === "opened") endOpening(ok(reply.info));
      else if (reply.kind === "not-opened") {
        const text = words === "" ? reply.text : `${reply.text}: ${words.trim()}`;
        endOpening(err(reply.isRuntime ? runtimeFault(reply.text) : modelFault(text)));
      } else this.#onScored(reply);
    });
    send(child, { kind: "open", path, threads, contextTokens });
    return running;
  }

  #onScored(reply: Extract<ModelReply, { kind: "scored" | "not-scored" }>): void {
    if (reply.id !== this.#pending?.id) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (reply.kind === "scored") {
      this.#cpuMillis += reply.cpuMillis;
      this.#residentBytes = reply.residentBytes;
      this.#end(ok(reply));
    } else this.#end(err({ kind: "refused", text: reply.text }));
  }

  /** Another one is started after a pause that grows: a model that cannot live is left alone. */
  #onEnd(running: Running): void {
    if (this.#running === running) this.#running = undefined;
    this.#end(gone(`the model's process: ${running.complaint}`));
    if (this.#isClosed || this.#noRestart !== undefined) return;
    this.#noRestart = this.#time.after(this.#pauseMs * NANOS_PER_MS, () => {
      this.#noRestart = undefined;
      void this.open();
    });
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }
}

/** Whether this process stays for it: a run that has ended does not wait for an idle model. */
function keepAwake(child: ChildProcess, isAwaited: boolean): void {
  const change = isAwaited ? "ref" : "unref";
  child[change]();
  child.channel?.[change]();
  const { stderr } = child as { stderr: { ref?(): void; unref?(): void } | null };
  stderr?.[change]?.();
}

/** A child that is gone is told of by its exit. */
const send = (child: ChildProcess, request: ModelRequest): void =>
  void child.send(request, () => undefined);

const gone = (text: string): Result<never, ScoreFault> => err({ kind: "gone", text });

const modelFault = (what: string): AdvisorFault => ({
  code: "ADVISOR_MODEL",
  text: `the local model cannot be used: ${what}; \`arrival model check NAME\` says more`,
});

/** What it needs to run, and no key of anybody. */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "TMPDIR", "TEMP", "SystemRoot", "LD_LIBRARY_PATH", "LANG"];
  const entries = kept.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
