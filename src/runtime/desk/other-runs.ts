/**
 * Other runs: live runs of other processes whose journals lie in the folder: `arrival run` and the
 * like, found and steered by their sockets.
 *
 * What must stay true: one that does not answer holds nobody up, and is told of as it was last.
 */
import { dirname, basename } from "node:path";
import { type Micros, micros } from "../../core/domain/units.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { OrderRow } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import { socketsIn, wholePath } from "../live/control-address.ts";
import { ask, probe } from "../live/control-client.ts";
import type { ControlAnswer, ControlRequest, ControlStatus } from "../live/control-protocol.ts";
import type { OrderCommand } from "./desk-terms.ts";

export interface OtherRunsOptions {
  readonly folder: string;
  readonly timers: Timers;
  readonly isOwn: (socket: string) => boolean;
  readonly onChange: () => void;
}

interface OtherRun {
  readonly address: string;
  readonly status: ControlStatus;
}

const LOOK_NANOS = 2e9;
const ANSWER_MS = 2_000;

export class OtherRuns {
  readonly #options: OtherRunsOptions;
  readonly #folder: string;
  #runs: readonly OtherRun[] = [];
  #isLooking = false;
  #isClosed = false;
  #stopLooking: (() => void) | undefined;

  constructor(options: OtherRunsOptions) {
    this.#options = options;
    // Any name: a run tells its journal's whole path.
    this.#folder = dirname(wholePath(`${options.folder}/any.journal`));
  }

  start(): void {
    if (this.#isClosed) return;
    if (!this.#isLooking) void this.look();
    this.#stopLooking = this.#options.timers.after(LOOK_NANOS, () => this.start());
  }

  close(): void {
    this.#isClosed = true;
    this.#stopLooking?.();
  }

  async look(): Promise<void> {
    this.#isLooking = true;
    try {
      const sockets = socketsIn(this.#options.folder).filter((it) => !this.#options.isOwn(it));
      const found = await Promise.all(sockets.map((address) => this.#found(address)));
      const runs = found.flatMap((run) => run ?? []);
      const isNews = JSON.stringify(runs) !== JSON.stringify(this.#runs);
      this.#runs = runs;
      if (isNews && !this.#isClosed) this.#options.onChange();
    } finally {
      this.#isLooking = false;
    }
  }

  async #found(address: string): Promise<OtherRun | undefined> {
    if ((await probe(address)) !== "alive") return undefined;
    const told = await ask(address, { command: "status", by: "desk" }, ANSWER_MS);
    const status = told.ok && told.value.ok ? told.value.status : undefined;
    if (status === undefined) return this.#runs.find((run) => run.address === address);
    return dirname(status.journal) === this.#folder ? { address, status } : undefined;
  }

  isAtWork(journal: string): boolean {
    return this.#runs.some(({ status }) => basename(status.journal) === journal);
  }

  get rows(): readonly OrderRow[] {
    return this.#runs.flatMap(({ status }) =>
      ordersOf(status).map((order) => rowOf(status, order)),
    );
  }

  get notes(): readonly RunNote[] {
    return this.#runs.map(({ status }) => ({
      journal: basename(status.journal),
      instrument: nameOf(status),
      venue: status.venue,
      isLive: true,
      isKilled: status.killed,
      trouble: null,
    }));
  }

  /** Undefined: none of them works that order. */
  async control(
    by: string,
    parentId: string,
    command: OrderCommand,
  ): Promise<ControlAnswer | undefined> {
    const run = this.#runs.find(({ status }) =>
      ordersOf(status).some((order) => order.parentId === parentId),
    );
    return run === undefined ? undefined : tell(run, { ...command, by, parent: parentId });
  }

  kill(by: string, reason: string): Promise<readonly ControlAnswer[]> {
    return Promise.all(this.#runs.map((run) => tell(run, { command: "kill", by, reason })));
  }
}

async function tell({ address }: OtherRun, request: ControlRequest): Promise<ControlAnswer> {
  const answer = await ask(address, request);
  return answer.ok ? answer.value : { ok: false, ...answer.error };
}

type OrderStatus = NonNullable<ControlStatus["orders"]>[number];

const ordersOf = (status: ControlStatus): readonly OrderStatus[] =>
  status.orders ?? (status.side === "" ? [] : [status]);

const nameOf = ({ venue, symbol }: ControlStatus): string => `${venue}:${symbol}`;

const timeOf = (iso: string): Micros => micros(Math.max(0, Date.parse(iso) * 1000 || 0));

/** What a run tells of itself on its socket; its costs are not among it. */
function rowOf(status: ControlStatus, order: OrderStatus): OrderRow {
  return {
    parentId: order.parentId,
    journal: basename(status.journal),
    instrument: nameOf(status),
    venue: status.venue,
    symbol: status.symbol,
    side: order.side === "sell" ? "sell" : "buy",
    strategy: order.strategy,
    phase: order.phase as OrderRow["phase"],
    reason: status.orders === undefined ? status.reason : "",
    isLive: true,
    quantity: order.quantity,
    filled: order.filled,
    filledShare: order.filledShare ?? 0,
    startAt: timeOf(status.startAt),
    deadline: timeOf(status.deadline),
    endedAt: null,
    shortfallBps: null,
    againstTwapBps: null,
    health: status.market as OrderRow["health"],
    halt: null,
    workingOrders: status.orders === undefined ? status.working : 0,
    isAdvised: false,
    updatedAt: timeOf(status.now),
  };
}
