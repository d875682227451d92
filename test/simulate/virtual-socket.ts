/**
 * Virtual socket: one stream between a life and the exchange.
 *
 * What must stay true: each way keeps its order; a way that is dead swallows everything, the end of
 * the connection included, and nobody at its end is told.
 */
import type {
  Socket,
  SocketEnd,
  SocketEvents,
  SocketRequest,
} from "../../src/data/network/transport.ts";
import type { StreamWire } from "../../src/exchange/server/stream-connection.ts";
import type { VirtualStream } from "./exchange.ts";
import type { Life } from "./life.ts";
import type { Network, NetworkWatch } from "./network.ts";

export type DeadWay = "up" | "down" | "both";

const CUT: SocketEnd = { kind: "closed", code: 1006, reason: "" };

export class VirtualSocket implements Socket {
  readonly #network: Network;
  readonly #life: Life;
  readonly #watch: NetworkWatch;
  readonly #events: SocketEvents;
  readonly #path: string;
  #state: "opening" | "open" | "over" = "opening";
  #stream: VirtualStream | undefined;
  #isServerOpen = false;
  #dead: DeadWay | undefined;
  /** When what was last sent each way gets there. */
  #upAt = 0;
  #downAt = 0;
  /** A message of the exchange that lets others pass. */
  #held: { readonly text: string; left: number } | undefined;

  constructor(
    network: Network,
    life: Life,
    watch: NetworkWatch,
    { url, handshakeMs }: SocketRequest,
    events: SocketEvents,
  ) {
    this.#network = network;
    this.#life = life;
    this.#watch = watch;
    this.#events = events;
    const { pathname, search } = new URL(url);
    this.#path = pathname;
    life.onEnd(() => this.drop());
    if (network.isOut) {
      life.after(network.way(), () => this.#end({ kind: "failed", text: "ECONNREFUSED" }));
      return;
    }
    life.after(handshakeMs * 1e6, () => {
      if (this.#state === "opening") this.#end({ kind: "failed", text: "handshake timed out" });
    });
    this.#up(() => this.#arrive(pathname, search.slice(1)));
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** From now on nothing gets through one way, or both. */
  die(way: DeadWay): void {
    // What is dead stays dead.
    this.#dead = this.#dead === undefined || this.#dead === way ? way : "both";
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.#watch.sending(this.#path, text);
    if (!this.#life.isAlive) return;
    const action = /"op":"order\.([a-z-]+)"/.exec(text)?.[1];
    if (action !== undefined) this.#watch.asks?.(`/v5/order/${action}`);
    this.#carry(text);
    this.#watch.sent(this.#path);
  }

  #carry(text: string): void {
    const { faults } = this.#network;
    const isOrder = this.#path === "/v5/trade";
    if (isOrder && faults.strikes("request-lost")) return;
    if (isOrder && faults.strikes("request-late")) {
      this.#upAt += faults.luck("request-late").between(0.5, 9) * 1e9;
    }
    this.#up(() => this.#stream?.receive(text));
  }

  ping(): void {
    if (!this.isOpen) return;
    this.#up(() => this.#down(() => this.#events.alive()));
  }

  close(): void {
    this.drop();
  }

  drop(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#network.closed(this);
    this.#up(() => this.#serverEnds());
  }

  #arrive(path: string, query: string): void {
    if (this.#state === "over") return;
    const wire: StreamWire = {
      isOpen: true,
      write: (texts) => {
        for (const text of texts) this.#say(String(text));
        return 0;
      },
      close: (code, reason) => {
        this.#down(() => this.#end({ kind: "closed", code, reason }));
        this.#serverEnds();
      },
      cut: () => {
        this.#isServerOpen = false;
        this.#down(() => this.#end(CUT));
      },
    };
    this.#isServerOpen = true;
    this.#stream = this.#network.exchange.open(path, query, wire);
    if (this.#stream === undefined) {
      this.#down(() => this.#end({ kind: "failed", text: "Unexpected server response: 503" }));
      return;
    }
    this.#down(() => {
      if (this.#state !== "opening") return;
      this.#state = "open";
      this.#events.opened();
    });
  }

  #serverEnds(): void {
    if (!this.#isServerOpen) return;
    this.#isServerOpen = false;
    this.#stream?.ended();
  }

  /** The exchange says something, once, twice, later than the next, or not at all. */
  #say(text: string): void {
    if (!this.#isServerOpen) return;
    const { faults } = this.#network;
    const isTrade = this.#path === "/v5/trade";
    const isBook = text.startsWith('{"topic":"orderbook');
    // What a stream begins with is an answer: it is there, or the stream is not.
    const isNews = text.startsWith('{"id":') || text.startsWith('{"topic":');
    if (isTrade && text.startsWith('{"reqId":') && faults.strikes("answer-lost")) return;
    if (isBook && faults.strikes("book-gap")) return;
    if (this.#path === "/v5/private" && isNews && this.#network.isSilent) return;
    if (isNews && faults.strikes("message-lost")) return;
    if (faults.strikes("message-late")) {
      this.#downAt += faults.luck("message-late").between(0.2, 6) * 1e9;
    }
    if (isNews && this.#held === undefined && faults.strikes("message-reordered")) {
      this.#held = { text, left: faults.luck("message-reordered").whole(1, 3) };
      return;
    }
    this.#deliver(text);
    if (isNews && faults.strikes("message-repeated")) this.#deliver(text);
    const held = this.#held;
    if (held === undefined) return;
    held.left -= 1;
    if (held.left > 0 && faults.isActive) return;
    this.#held = undefined;
    this.#deliver(held.text);
  }

  #deliver(text: string): void {
    this.#down(() => {
      if (this.isOpen) this.#events.message(text);
    });
  }

  #end(end: SocketEnd): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#network.closed(this);
    this.#events.ended(end);
  }

  #up(run: () => void): void {
    const { time } = this.#network;
    this.#upAt = Math.max(this.#upAt, time.now + this.#network.way());
    time.after(this.#upAt - time.now, () => {
      if (this.#dead !== "up" && this.#dead !== "both") run();
    });
  }

  #down(run: () => void): void {
    const { time } = this.#network;
    this.#downAt = Math.max(this.#downAt, time.now + this.#network.way());
    this.#life.after(this.#downAt - time.now, () => {
      if (this.#dead !== "down" && this.#dead !== "both") run();
    });
  }
}
