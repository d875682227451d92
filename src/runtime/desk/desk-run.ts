/**
 * Desk run: one market of a desk: a run that stands, its viewer, and all by which it is reached.
 *
 * What must stay true: an order is taken on by one engine, which knows all others of this market
 * and account; what changes it stands in the journal before it is answered; and a kill hangs on
 * nothing but the process.
 */
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { RunNote } from "../../view/stream.ts";
import type { RunViewer } from "../../view/run-viewer.ts";
import type { ControlAnswer } from "../live/control-protocol.ts";
import { killFileOf } from "../live/control-address.ts";
import { ControlDesk } from "../live/control-desk.ts";
import { ControlServer } from "../live/control-server.ts";
import { KillFile, layKillFile } from "../live/kill-file.ts";
import type { LiveEnd } from "../live/live-loop.ts";
import type { LiveRun } from "../live/live-run.ts";
import type { LiveRequest } from "../live/live-terms.ts";
import { hindrances } from "../live/preflight.ts";
import { AccountLook } from "./account-look.ts";
import type { DeskFault, OrderCommand, OrderPreview, PreviewCheck } from "./desk-terms.ts";
import { previewOf, worthOf } from "./order-preview.ts";
import type { RunWatch } from "./run-watch.ts";

export interface DeskRunOptions {
  readonly run: LiveRun;
  readonly watch: RunWatch;
  /** The journal's whole path. */
  readonly path: string;
  readonly runId: string;
  readonly category: ContractKind;
  readonly venue: string;
  /** A later turn, behind the journal's. */
  readonly turn: () => Promise<void>;
  readonly onNote: (text: string) => void;
  /** It is at its end, and its files are closed. */
  readonly onEnd: () => void;
}

export class DeskRun {
  readonly journal: string;
  readonly instrument: string;
  readonly run: LiveRun;
  readonly #options: DeskRunOptions;
  readonly #control: ControlDesk;
  readonly #killFile: KillFile;
  readonly #account: AccountLook;
  #server: ControlServer | undefined;
  #end: LiveEnd | undefined;
  /** What could not be done at its end. */
  #endTrouble: string | null = null;
  /** Resolves once its files are closed. */
  readonly closed: Promise<void>;
  isClosed = false;

  constructor(options: DeskRunOptions) {
    const { run, path, venue, turn } = options;
    this.#options = options;
    this.run = run;
    this.journal = basename(path);
    this.instrument = run.engine.instruments[0]!.id;
    this.#control = new ControlDesk(run, { journal: path, venue, turn });
    this.#account = new AccountLook({
      ask: () => run.session.refresh(),
      now: () => run.session.now(),
    });
    this.#killFile = new KillFile({
      paths: [killFileOf(path)],
      onKill: (file, reason) => void this.kill(file, reason),
      onLook: () => void this.#server?.mend(),
    });
    this.closed = run.ended.then((end) => this.#atEnd(end));
  }

  /** So that `arrival ctl` reaches it; a desk does without where it cannot be had. */
  async listen(): Promise<void> {
    const { path, onNote } = this.#options;
    const answer = this.#control.handle.bind(this.#control);
    const opened = await ControlServer.open({ journal: path, answer, onNote });
    if (!opened.ok) onNote(`arrival ctl cannot reach ${this.journal}: ${opened.error.text}`);
    else if (this.isOver) await opened.value.close();
    else this.#server = opened.value;
  }

  get viewer(): RunViewer | undefined {
    return this.#options.watch.viewer;
  }

  get symbol(): string {
    return this.run.session.header.instrument.symbol;
  }

  get category(): ContractKind {
    return this.#options.category;
  }

  /** Nothing more can be asked of it. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  get isRecovering(): boolean {
    return !this.isOver && this.run.engine.instruments[0]!.isRecovering;
  }

  /** Orders that have not come to their end, though the run has. */
  get isUnfinished(): boolean {
    return this.isOver && this.run.engine.instruments[0]!.live.length > 0;
  }

  /** Where `arrival ctl` reaches it; undefined: it does not. */
  get socket(): string | undefined {
    return this.#server?.path;
  }

  has(parentId: string): boolean {
    return this.run.engine.parents.has(parentId);
  }

  get note(): RunNote {
    return {
      journal: this.journal,
      instrument: this.instrument,
      venue: this.#options.venue,
      isLive: !this.isOver,
      isKilled: this.run.engine.isKilled,
      trouble: this.#trouble,
    };
  }

  get #trouble(): string | null {
    if (this.#end?.kind === "halted") return `halted: ${messageOf(this.#end.error)}`;
    if (this.#endTrouble !== null) return this.#endTrouble;
    if (this.isRecovering) return "recovering: the venue is asked what became of its orders";
    return this.#options.watch.trouble;
  }

  /** Why it takes no order on now; undefined: it does. */
  refusal(): DeskFault | undefined {
    if (this.run.engine.isKilled) return { code: "DESK_KILLED", text: KILLED };
    if (this.isOver) {
      return { code: "DESK_RUN_ENDED", text: `${this.journal} takes no orders: ${this.#why}` };
    }
    if (!this.isRecovering) return undefined;
    const text = `${this.instrument} is recovering: the venue is asked what became of the orders`;
    return { code: "DESK_RECOVERING", text: `${text} there; try again once that is known` };
  }

  get #why(): string {
    return this.#trouble ?? "it has ended";
  }

  async preview(request: LiveRequest): Promise<Result<OrderPreview, DeskFault>> {
    const looked = await this.run.preflight(undefined, request, this.#account.look());
    if (!looked.ok) return looked;
    return ok(await previewOf(this.run, request, looked.value, this.#checks(request)));
  }

  /** At the mid now, in quote coin; null: not known. Nobody is asked. */
  worth(request: LiveRequest): Result<string | null, DeskFault> {
    const order = this.run.order(request);
    return order.ok ? ok(worthOf(this.run, order.value)) : order;
  }

  /** What the engine that is asked beforehand does not know of. */
  #checks({ side }: LiveRequest): readonly PreviewCheck[] {
    const refused = this.refusal();
    const live = this.run.engine.instruments[0]!.live.map(({ order }) => order);
    const other = live.find((order) => order.side !== side);
    const isOpposed = other !== undefined;
    return [
      {
        name: "desk",
        isRequired: true,
        met: refused === undefined,
        text: refused?.text ?? "orders are taken on",
      },
      {
        name: "opposite side",
        isRequired: true,
        met: !isOpposed,
        text: isOpposed
          ? `${other.id} ${other.side}s here: the account would trade with itself`
          : `${live.length === 0 ? "no other order is" : `${live.length} others are`} at work here`,
      },
    ];
  }

  /** Journaled before it answers. */
  async submit(
    by: string,
    request: LiveRequest,
  ): Promise<Result<{ readonly parentId: string; readonly record: number }, DeskFault>> {
    const before = this.refusal();
    if (before !== undefined) return err(before);
    const looked = await this.run.preflight(undefined, request, this.#account.look());
    if (!looked.ok) return looked;
    // Whether it is taken on the engine says itself, which knows the other orders.
    const wrong = hindrances(looked.value).find(({ name }) => name !== "taken on");
    if (wrong !== undefined) {
      return err({ code: "DESK_PREFLIGHT", text: `${wrong.name}: ${wrong.text}` });
    }
    const refused = this.refusal();
    if (refused !== undefined) return err(refused);
    const parentId = this.#newParentId();
    const order = this.run.order(request, parentId);
    if (!order.ok) return order;
    this.#account.spoil();
    const answer = await this.#control.submit(by, () => order.value);
    if (!answer.ok) return err({ code: answer.code, text: answer.text });
    return ok({ parentId, record: answer.record ?? 0 });
  }

  /** By the last event's record, which grows with each: never used before, in no other run. */
  #newParentId(): string {
    const { run } = this;
    const number = 1 + (run.record ?? run.engine.parents.size);
    return `${this.#options.runId}-${number.toString(36)}`;
  }

  control(by: string, parentId: string, command: OrderCommand): Promise<ControlAnswer> {
    if (command.command === "amend") this.#account.spoil();
    return this.#control.handle({ ...command, by, parent: parentId }, by);
  }

  setLimits(by: string, set: Readonly<Record<string, unknown>>): Promise<ControlAnswer> {
    return this.#control.handle({ command: "limits", by, set: { ...set } }, by);
  }

  /** A kill that the journal could not take is laid beside it, so that it holds after a restart. */
  async kill(by: string, reason: string): Promise<ControlAnswer> {
    const answer = await this.#control.handle({ command: "kill", by, reason }, by);
    if (!answer.ok || answer.record !== undefined) return answer;
    const file = killFileOf(this.#options.path);
    const why = layKillFile(file, `killed by ${by}: ${reason}`);
    if (why === undefined) return { ...answer, text: `${answer.text}; ${file} was laid` };
    return { ...answer, text: `${answer.text}; THE JOURNAL HAS IT NOT, nor could ${file} be laid` };
  }

  /** A kill holds that came before a restart, or while nobody was there. */
  killWhereItWasKilled(): void {
    this.#killFile.look();
    const { engine } = this.run;
    if (!engine.isKilled || engine.instruments[0]!.live.length === 0) return;
    void this.kill("the kill before the restart", "it holds for good");
  }

  async close(how: "leave" | "cancel", by: string): Promise<void> {
    if (!this.isOver) this.run.interrupt(how, by);
    await this.closed;
  }

  async #atEnd(end: LiveEnd): Promise<void> {
    this.#end = end;
    this.#killFile.close();
    try {
      await this.run.finish();
    } catch (error) {
      this.#endTrouble = `it was not closed in order: ${messageOf(error)}`;
    }
    if (end.kind !== "left" && end.unwithdrawn !== undefined) {
      this.#endTrouble = `LOOK AT THE VENUE, orders may still rest there: ${end.unwithdrawn}`;
    }
    await this.#server?.close();
    this.isClosed = true;
    this.#options.onEnd();
  }
}

const KILLED = "it was killed: nothing more is traded before the desk is started again";

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
