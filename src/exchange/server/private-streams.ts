/**
 * Private streams: what happens to an account, to those of its connections that have asked.
 *
 * It is the core's listener, and so must exist before it. Events wait for the end of the turn, so
 * that the answer to the request that caused them leaves first. What must stay true: every event
 * reaches every connection that is subscribed to it when it happens, once, in the order in which
 * things happened; of a wallet only its latest state of a turn is told.
 */
import type { Micros } from "../../core/domain/units.ts";
import type {
  Category,
  ExchangeListener,
  ExecutionRecord,
  OrderRecord,
  PositionRecord,
  WalletRecord,
} from "../exchange-types.ts";
import { positionEvent, type RiskLimitOf, walletMessage } from "../protocol/account-message.ts";
import { sumOf } from "../protocol/decimals.ts";
import { executionEvent, fastExecutionEvent } from "../protocol/execution-message.ts";
import { isOpen, orderEvent } from "../protocol/order-message.ts";
import { type EventKind, isAbout, type PrivateTopic } from "../protocol/private-topics.ts";
import { WriteTurn } from "./write-turn.ts";

interface Happening {
  readonly kind: EventKind;
  /** Undefined for a wallet. */
  readonly category: Category | undefined;
  readonly at: Micros;
  /** Texts are made when they are sent, once for all listeners. */
  text: string | undefined;
  /** A later one of the same turn says all that it says. */
  isStale: boolean;
  readonly render: () => string;
  /** Of executions: the short form; undefined for what is no trade. */
  readonly fast: (() => object) | undefined;
  /** Names the message: of contracts the sequence of the market's event. */
  readonly label: string;
}

/** A connection as this file sees it. */
export interface PrivateListener {
  readonly topics: ReadonlyMap<string, PrivateTopic>;
  send(text: string): void;
}

/** Bybit puts what happens together into one message; so many at most. */
const EVENTS_PER_MESSAGE = 50;

class AccountStream {
  readonly listeners = new Set<PrivateListener>();
  /** Nothing is kept for nobody. */
  readonly heard = new Set<EventKind>();
  readonly profits = new Map<string, string>();
  waiting: Happening[] = [];
  latestWallet: Happening | undefined;

  isHeard(kind: EventKind): boolean {
    return this.heard.has(kind);
  }
}

export class PrivateStreams implements ExchangeListener {
  readonly turn: WriteTurn;
  /** Set by the server, which knows the markets. */
  riskLimitOf: RiskLimitOf = () => "";
  readonly #accounts: AccountStream[] = [];
  readonly #busy = new Set<AccountStream>();
  #messages = 0;

  /** @param later as of `WriteTurn`. */
  constructor(later?: (run: () => void) => void) {
    this.turn = new WriteTurn(later);
    this.turn.onEnd(() => this.#flush());
  }

  order(account: number, order: OrderRecord, at: Micros): void {
    const stream = this.#streamOf(account);
    const profit = stream.profits.get(order.orderId) ?? "0";
    if (profit !== "0" && !isOpen(order)) stream.profits.delete(order.orderId);
    if (!stream.isHeard("order")) return;
    this.#keep(stream, {
      kind: "order",
      category: order.category,
      at,
      text: undefined,
      isStale: false,
      render: () => orderEvent(order, profit),
      fast: undefined,
      label: order.symbol,
    });
  }

  execution(account: number, execution: ExecutionRecord, at: Micros): void {
    const stream = this.#streamOf(account);
    const { order, profit } = execution;
    if (execution.closed > 0) {
      const before = stream.profits.get(order.orderId);
      stream.profits.set(order.orderId, before === undefined ? profit : sumOf(before, profit));
    }
    if (!stream.isHeard("execution")) return;
    this.#keep(stream, {
      kind: "execution",
      category: order.category,
      at,
      text: undefined,
      isStale: false,
      render: () => JSON.stringify(executionEvent(execution)),
      fast: execution.execType === "Trade" ? () => fastExecutionEvent(execution) : undefined,
      label: `${order.symbol}_${execution.sequence}`,
    });
  }

  position(account: number, position: PositionRecord, at: Micros): void {
    const stream = this.#streamOf(account);
    if (!stream.isHeard("position")) return;
    this.#keep(stream, {
      kind: "position",
      category: position.category,
      at,
      text: undefined,
      isStale: false,
      render: () => JSON.stringify(positionEvent(position, this.riskLimitOf)),
      fast: undefined,
      label: position.symbol,
    });
  }

  wallet(account: number, wallet: WalletRecord, at: Micros): void {
    const stream = this.#streamOf(account);
    if (!stream.isHeard("wallet")) return;
    if (stream.latestWallet !== undefined) stream.latestWallet.isStale = true;
    stream.latestWallet = {
      kind: "wallet",
      category: undefined,
      at,
      text: undefined,
      isStale: false,
      render: () => JSON.stringify(walletMessage(wallet)),
      fast: undefined,
      label: "wallet",
    };
    this.#keep(stream, stream.latestWallet);
  }

  /** Changes what a connection hears: of what has happened before it is told as it asked before. */
  change(account: number, listener: PrivateListener, change: () => void): void {
    this.#flush();
    change();
    this.#streamOf(account).listeners.add(listener);
    this.#count(account);
  }

  leave(account: number, listener: PrivateListener): void {
    this.#streamOf(account).listeners.delete(listener);
    this.#count(account);
  }

  #streamOf(account: number): AccountStream {
    const known = this.#accounts[account];
    if (known !== undefined) return known;
    while (this.#accounts.length <= account) this.#accounts.push(new AccountStream());
    return this.#accounts[account]!;
  }

  #count(account: number): void {
    const stream = this.#streamOf(account);
    stream.heard.clear();
    for (const listener of stream.listeners) {
      for (const { kind } of listener.topics.values()) {
        if (kind !== "dcp") stream.heard.add(kind === "fast" ? "execution" : kind);
      }
    }
  }

  #keep(stream: AccountStream, happening: Happening): void {
    stream.waiting.push(happening);
    this.#busy.add(stream);
    this.turn.schedule();
  }

  #flush(): void {
    for (const stream of this.#busy) {
      const waiting = stream.waiting.filter((happening) => !happening.isStale);
      stream.waiting = [];
      stream.latestWallet = undefined;
      let from = 0;
      while (from < waiting.length) {
        const until = endOfRun(waiting, from);
        this.#tell(stream, waiting.slice(from, until));
        from = until;
      }
    }
    this.#busy.clear();
  }

  /** One message for happenings of one kind and category, under each name it was asked for by. */
  #tell(stream: AccountStream, run: readonly Happening[]): void {
    const { kind, category } = run[0]!;
    const texts = new Map<string, string>();
    for (const listener of stream.listeners) {
      for (const topic of listener.topics.values()) {
        if (!isAbout(topic, kind, category)) continue;
        let text = texts.get(topic.name);
        if (text === undefined) {
          text = this.#message(topic, run);
          texts.set(topic.name, text);
        }
        if (text !== "") listener.send(text);
      }
    }
  }

  /** Empty where nothing of it has the topic's form. */
  #message(topic: PrivateTopic, run: readonly Happening[]): string {
    const isFast = topic.kind === "fast";
    const told = isFast ? run.filter((happening) => happening.fast !== undefined) : run;
    const last = told.at(-1);
    if (last === undefined) return "";
    const data = told.map((happening) => {
      if (isFast) return JSON.stringify(happening.fast!());
      return (happening.text ??= happening.render());
    });
    this.#messages += 1;
    const id = isFast ? "" : `"id":"${last.label}_${this.#messages}",`;
    const created = Math.floor(last.at / 1_000);
    return `{${id}"topic":"${topic.name}","creationTime":${created},"data":[${data.join(",")}]}`;
  }
}

function endOfRun(waiting: readonly Happening[], from: number): number {
  const { kind, category } = waiting[from]!;
  let until = from + 1;
  while (
    until < waiting.length &&
    until - from < EVENTS_PER_MESSAGE &&
    waiting[until]!.kind === kind &&
    waiting[until]!.category === category
  ) {
    until += 1;
  }
  return until;
}
