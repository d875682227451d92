/**
 * Stream client: a viewer of the stream for tests: it holds what it was told, as a page does.
 */
import { WebSocket } from "ws";
import type { OrderRow, OrderView } from "../../src/view/shapes.ts";
import type { StreamMessage, WatchRequest } from "../../src/view/stream.ts";

export class StreamClient {
  readonly messages: StreamMessage[] = [];
  readonly rows = new Map<string, OrderRow>();
  readonly orders = new Map<string, OrderView | null>();
  readonly markets = new Map<string, unknown>();
  epoch = "";
  seq = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly socket: WebSocket;
  onMessage: (message: StreamMessage) => void = () => undefined;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/stream`, { headers });
    this.socket.on("message", (data) => this.#take(JSON.parse(String(data)) as StreamMessage));
    this.socket.on("close", (code, reason) => (this.closed = { code, reason: String(reason) }));
    this.socket.on("error", () => undefined);
  }

  /** @returns the status that refused it; 101: it is open. */
  async opened(): Promise<number> {
    return new Promise((resolve) => {
      this.socket.once("open", () => resolve(101));
      this.socket.once("unexpected-response", (_, { statusCode = 0 }) => {
        this.socket.terminate();
        resolve(statusCode);
      });
    });
  }

  watch(request: Omit<WatchRequest, "type">): void {
    this.socket.send(JSON.stringify({ type: "watch", ...request }));
  }

  /** A busy machine may take its time; a stream that has ended will not tell any more. */
  async until(is: () => boolean, what: string): Promise<void> {
    const by = Date.now() + 60_000;
    while (!is()) {
      if (this.closed !== undefined || Date.now() > by)
        throw new Error(`not told: ${what}; ${this.#state}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  get #state(): string {
    const { messages, seq } = this;
    const closed = this.closed === undefined ? "open" : `closed ${JSON.stringify(this.closed)}`;
    return `${messages.length} messages up to ${seq}, ${closed}`;
  }

  #take(message: StreamMessage): void {
    this.messages.push(message);
    if (message.type === "refused") return;
    if (message.type === "hello") this.epoch = message.epoch;
    else this.seq = message.seq;
    if (message.type === "orders") {
      if (message.isWhole) this.rows.clear();
      for (const row of message.rows) this.rows.set(row.parentId, row);
    }
    if (message.type === "order") this.orders.set(message.parentId, message.view);
    if (message.type === "market") this.markets.set(message.instrument, message.view);
    this.onMessage(message);
  }
}
