/**
 * Replica: what this page holds of the desk, as the stream tells it.
 *
 * Rows are taken in once a frame, and of an order or a market only the newest that has come, ten
 * times a second, so that two hundred updates a second cost no more than ten. What must stay true:
 * what is held is what was told last; after a break it goes on from the number it had, and nothing
 * is shown as if it were fresh while the line is down (`link`).
 */
import { batch, type Signal, signal } from "@preact/signals";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "../../../src/view/shapes.ts";
import type {
  Approval,
  Role,
  RunNote,
  StreamMessage,
  Topic,
  WatchRequest,
} from "../../../src/view/stream.ts";

export type Link = "connecting" | "live" | "lost";
export type Happening = TimelineEntry & { readonly journal: string };
export interface Host {
  readonly user: string;
  readonly role: Role;
  readonly program: string;
}

const MOST_EVENTS = 500;
const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 8_000;
/** A page in the background gets no frames, and must still take in what it is told. */
const LONGEST_FRAME = 250;
/** Orders and markets are large, and are taken in ten times a second at most. */
const VIEWS_EVERY = 100;

export class Replica {
  readonly link = signal<Link>("connecting");
  readonly host = signal<Host | undefined>(undefined);
  /** Times that the line broke, or could not be made. */
  readonly breaks = signal(0);
  readonly refusal = signal<string | undefined>(undefined);
  /** In the order in which they were told of; changes only when rows come or go. */
  readonly ids = signal<readonly string[]>([]);
  /** Grows when any row is another: what is sorted or counted looks at it at its leisure. */
  readonly rowsVersion = signal(0);
  readonly isListKnown = signal(false);
  readonly runs = signal<readonly RunNote[]>([]);
  readonly approvals = signal<readonly Approval[]>([]);
  readonly events = signal<readonly Happening[]>([]);
  /** Microseconds that the server's clock is ahead of this machine's. */
  readonly clockAhead = signal(0);
  /** Messages taken in since the page was opened, for whoever measures. */
  told = 0;

  readonly #rows = new Map<string, Signal<OrderRow>>();
  readonly #orders = new Map<string, Signal<OrderView | null | undefined>>();
  readonly #markets = new Map<string, Signal<MarketView | null | undefined>>();
  readonly #held = new Set<Topic>();
  #topics: readonly Topic[] = [];
  #socket: WebSocket | undefined;
  #epoch: string | undefined;
  #seq = 0;
  #wait = SHORTEST_WAIT;
  #again: ReturnType<typeof setTimeout> | undefined;
  #pending: StreamMessage[] = [];
  #frame: number | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  readonly #views = new Map<string, string>();
  #viewsAt = 0;
  #isViewDue = false;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  row(parentId: string): Signal<OrderRow> | undefined {
    return this.#rows.get(parentId);
  }
  allRows(): readonly OrderRow[] {
    return [...this.#rows.values()].map((row) => row.peek());
  }
  /** Undefined: not told yet. */
  order(parentId: string): Signal<OrderView | null | undefined> {
    return cell(this.#orders, parentId);
  }
  market(instrument: string): Signal<MarketView | null | undefined> {
    return cell(this.#markets, instrument);
  }

  watch(topics: readonly Topic[]): void {
    this.#topics = topics;
    for (const topic of this.#held) if (!topics.includes(topic)) this.#forget(topic);
    this.#ask();
  }

  connect(): void {
    clearTimeout(this.#again);
    this.#socket?.close();
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    if (this.link.peek() === "live") this.link.value = "connecting";
    socket.addEventListener("message", ({ data }) => this.#heard(socket, data));
    socket.addEventListener("close", () => this.#lost(socket));
  }

  close(): void {
    clearTimeout(this.#again);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.link.value = "lost";
    this.breaks.value += 1;
    this.#again = setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #ask(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.#epoch === undefined) return;
    const isHeld = this.#topics.every((topic) => this.#held.has(topic));
    const request: WatchRequest = {
      type: "watch",
      topics: this.#topics,
      ...(isHeld && { epoch: this.#epoch, since: this.#seq }),
    };
    this.#socket.send(JSON.stringify(request));
  }

  #heard(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    this.told += 1;
    const view = VIEW.exec(data);
    if (view !== null) {
      this.#keepView(`${view[1]} ${view[2]}`, data);
      return;
    }
    const message = parse(data);
    if (message === undefined) return;
    if (message.type === "hello") {
      this.#greeted(message);
      return;
    }
    this.#pending.push(message);
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => this.#takeIn());
    this.#late = setTimeout(() => this.#takeIn(), LONGEST_FRAME);
  }

  /** Of what replaces what was told before only the last is read at all. */
  #keepView(name: string, data: string): void {
    this.#views.set(name, data);
    if (this.#isViewDue) return;
    this.#isViewDue = true;
    const wait = Math.max(0, this.#viewsAt + VIEWS_EVERY - performance.now());
    setTimeout(() => this.#takeInViews(), wait);
  }

  #takeInViews(): void {
    this.#isViewDue = false;
    this.#viewsAt = performance.now();
    const messages = [...this.#views.values()].map(parse);
    this.#views.clear();
    batch(() => {
      for (const message of messages) if (message !== undefined) this.#apply(message);
    });
  }

  #greeted({ epoch, user, role, program, now }: StreamMessage & { type: "hello" }): void {
    // Another run of the server numbers anew: what is held of the last one is worth nothing.
    if (epoch !== this.#epoch) {
      this.#seq = 0;
      this.#held.clear();
      this.#views.clear();
    }
    this.#epoch = epoch;
    this.#wait = SHORTEST_WAIT;
    batch(() => {
      this.link.value = "live";
      this.host.value = { user, role, program };
      this.clockAhead.value = now - Date.now() * 1000;
    });
    this.#ask();
  }

  #takeIn(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#late);
    this.#frame = undefined;
    const messages = this.#pending;
    this.#pending = [];
    batch(() => {
      for (const message of messages) this.#apply(message);
    });
  }

  #apply(message: StreamMessage): void {
    if ("seq" in message) this.#seq = Math.max(this.#seq, message.seq);
    switch (message.type) {
      case "orders":
        return this.#applyRows(message);
      case "runs":
        this.runs.value = message.runs;
        return;
      case "approvals":
        this.#held.add("approvals");
        this.approvals.value = message.waiting;
        return;
      case "timeline":
        return this.#applyEvents(message.entries);
      case "order":
        if (this.#isWatched(`order:${message.parentId}`))
          this.order(message.parentId).value = message.view;
        return;
      case "market":
        if (this.#isWatched(`market:${message.instrument}`))
          this.market(message.instrument).value = message.view;
        return;
      case "refused":
        this.refusal.value = `${message.text} (${message.code})`;
        return;
      default:
    }
  }

  /** What was asked for no more may still be on its way. */
  #isWatched(topic: Topic): boolean {
    if (!this.#topics.includes(topic)) return false;
    this.#held.add(topic);
    return true;
  }

  #applyRows({ rows, isWhole }: StreamMessage & { type: "orders" }): void {
    this.#held.add("orders");
    const before = this.#rows.size;
    if (isWhole) {
      const named = new Set(rows.map(({ parentId }) => parentId));
      for (const id of this.#rows.keys()) if (!named.has(id)) this.#rows.delete(id);
    }
    let isAnother = this.#rows.size !== before;
    for (const row of rows) {
      const held = this.#rows.get(row.parentId);
      if (held !== undefined) held.value = row;
      else {
        this.#rows.set(row.parentId, signal(row));
        isAnother = true;
      }
    }
    if (isAnother) this.ids.value = [...this.#rows.keys()];
    this.isListKnown.value = true;
    this.rowsVersion.value += 1;
  }

  #applyEvents(entries: readonly Happening[]): void {
    this.#held.add("timeline");
    const key = ({ journal, record, text }: Happening): string => `${journal} ${record} ${text}`;
    const known = new Set(this.events.peek().map(key));
    const fresh = entries.filter((entry) => !known.has(key(entry)));
    if (fresh.length > 0) this.events.value = [...this.events.peek(), ...fresh].slice(-MOST_EVENTS);
  }

  #forget(topic: Topic): void {
    this.#held.delete(topic);
    const [kind, name] = split(topic);
    if (kind === "order") this.#orders.delete(name);
    if (kind === "market") this.#markets.delete(name);
  }
}

function split(topic: Topic): readonly [kind: string, name: string] {
  const at = topic.indexOf(":");
  return at < 0 ? [topic, ""] : [topic.slice(0, at), topic.slice(at + 1)];
}

function cell<Value>(
  cells: Map<string, Signal<Value | undefined>>,
  name: string,
): Signal<Value | undefined> {
  const held = cells.get(name);
  if (held !== undefined) return held;
  const made = signal<Value | undefined>(undefined);
  cells.set(name, made);
  return made;
}

/** The head of a message that tells one order or one market whole. */
const VIEW = /^\{"type":"(order|market)","seq":\d+,"(?:parentId|instrument)":"([^"\\]+)"/;

function parse(data: string): StreamMessage | undefined {
  try {
    return JSON.parse(data) as StreamMessage;
  } catch {
    return undefined;
  }
}
