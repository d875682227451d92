/**
 * Network: a `Transport` over virtual time, as bad as the knobs of the run make it.
 *
 * Requests are each on their own way and may overtake each other; on one stream order holds each
 * way, as TCP has it, and it is the exchange that skips, repeats and swaps messages there. What must
 * stay true: no handler is called from within a call, each socket is told of its end once, and a
 * request is told as not sent only where it was not.
 */
import {
  type HttpAnswer,
  type HttpRequest,
  type Socket,
  type SocketEvents,
  type SocketRequest,
  type Transport,
  TransportError,
} from "../../src/data/network/transport.ts";
import type { VirtualTime } from "../../src/data/network/virtual-time.ts";
import type { ApiReply } from "../../src/exchange/server/rest-api.ts";
import { Chance } from "./chance.ts";
import type { SimulatedExchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import { VirtualSocket } from "./virtual-socket.ts";

/** Where the exchange is reached: no such host is ever looked up. */
export const HOST = "simulated.invalid";

export interface NetworkWatch {
  /** A request or a message is about to leave the process; it may end the life first. */
  readonly sending: (path: string, text: string) => void;
  /** A request of any kind leaves: what it is, as the venue counts it. */
  readonly asks?: (kind: string) => void;
  /** It has left; it may end the life. */
  readonly sent: (path: string) => void;
}

/** Requests that are late are so for so long, in seconds. */
const LATE = [0.5, 9] as const;

export class Network {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly exchange: SimulatedExchange;
  readonly #luck: Chance;
  readonly #sockets = new Set<VirtualSocket>();
  /** Half of the way there and back, nanoseconds. */
  readonly #way: number;
  #outUntil = 0;
  #silentUntil = 0;

  constructor(time: VirtualTime, faults: Faults, exchange: SimulatedExchange, seed: number) {
    this.time = time;
    this.faults = faults;
    this.exchange = exchange;
    this.#luck = new Chance(seed, "network");
    this.#way = this.#luck.pick([1e6, 10e6, 60e6]);
  }

  get isOut(): boolean {
    return this.time.now < this.#outUntil && this.faults.isActive;
  }

  /** Nothing is told on private streams. */
  get isSilent(): boolean {
    return this.time.now < this.#silentUntil && this.faults.isActive;
  }

  /** One way, this time. */
  way(): number {
    return Math.round(this.#way * this.#luck.between(0.8, 1.5));
  }

  /** Faults that come by themselves begin. */
  begin(): void {
    this.#haunt("disconnect", () => this.exchange.cut());
    this.#haunt("outage", () => {
      this.#outUntil = this.time.now + this.faults.luck("outage").between(0.5, 15) * 1e9;
      const isCut = this.faults.luck("outage").happens(0.5);
      if (isCut) this.exchange.cut();
    });
    this.#haunt("silence", () => {
      this.#silentUntil = this.time.now + this.faults.luck("silence").between(5, 60) * 1e9;
    });
    this.#haunt("half-dead", () => {
      const luck = this.faults.luck("half-dead");
      const standing = [...this.#sockets];
      if (standing.length > 0) luck.pick(standing).die(luck.pick(["up", "down", "both"] as const));
    });
  }

  /** Faults end: dead ways stay dead, as they would. */
  transport(life: Life, watch: NetworkWatch): Transport {
    return {
      timers: life,
      nowMs: () => this.time.now / 1e6,
      connect: (request, events) => this.#connect(life, watch, request, events),
      request: (request) => this.#request(life, watch, request),
    };
  }

  closed(socket: VirtualSocket): void {
    this.#sockets.delete(socket);
  }

  #haunt(name: "disconnect" | "outage" | "half-dead" | "silence", strike: () => void): void {
    const wait = this.faults.pause(name);
    if (wait === undefined) return;
    this.time.after(wait, () => {
      if (!this.faults.isActive) return;
      this.faults.count(name);
      strike();
      this.#haunt(name, strike);
    });
  }

  #connect(life: Life, watch: NetworkWatch, request: SocketRequest, events: SocketEvents): Socket {
    const socket = new VirtualSocket(this, life, watch, request, events);
    if (life.isAlive) this.#sockets.add(socket);
    return socket;
  }

  #request(life: Life, watch: NetworkWatch, request: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const fail = (kind: TransportError["kind"], code: string, text: string): void =>
      reject(new TransportError(kind, code, text));
    const { timeoutMs, signal } = request;
    const { pathname } = new URL(request.url);
    if (request.method === "POST") watch.sending(pathname, request.body ?? "");
    if (!life.isAlive) return promise;
    watch.asks?.(pathname);
    const late = life.after(timeoutMs * 1e6, () => {
      stopWaiting();
      fail("late", "", `did not answer within ${timeoutMs} ms`);
    });
    const stop = (): void => {
      stopWaiting();
      fail("stopped", "", "was broken off");
    };
    const stopWaiting = (): void => {
      late();
      signal?.removeEventListener("abort", stop);
    };
    signal?.addEventListener("abort", stop);
    const answered = (reply: ApiReply): void => {
      stopWaiting();
      resolve(answerOf(reply, request.mostBytes));
    };
    this.#carry(life, request, answered, (kind, code, text) => {
      stopWaiting();
      fail(kind, code, text);
    });
    if (request.method === "POST") watch.sent(pathname);
    return promise;
  }

  #carry(
    life: Life,
    { method, url, headers, body = "" }: HttpRequest,
    answered: (reply: ApiReply) => void,
    fail: (kind: TransportError["kind"], code: string, text: string) => void,
  ): void {
    const { faults } = this;
    const there = this.way();
    if (this.isOut) {
      life.after(there, () => fail("not-sent", "ECONNREFUSED", "refuses the connection"));
      return;
    }
    if (faults.strikes("request-broken")) {
      life.after(there, () => fail("broken", "ECONNRESET", "broke the connection off"));
      // It got there, or it did not.
      if (faults.luck("request-broken").happens(0.5)) return;
    }
    if (faults.strikes("request-lost")) return;
    const late = faults.strikes("request-late") ? faults.luck("request-late").between(...LATE) : 0;
    const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    const { pathname, search } = new URL(url);
    const asked = { method, url: pathname + search, headers: Object.fromEntries(names), body };
    this.time.after(there + late * 1e9, () => {
      this.exchange.request(asked, (reply) => {
        if (faults.strikes("answer-lost")) return;
        const slow = faults.strikes("answer-late")
          ? faults.luck("answer-late").between(...LATE)
          : 0;
        life.after(this.way() + slow * 1e9, () => answered(reply));
      });
    });
  }
}

const answerOf = ({ status, headers, body }: ApiReply, mostBytes: number): HttpAnswer => {
  const known = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    status,
    header: (name) => known.get(name.toLowerCase()) ?? null,
    text: body.length > mostBytes ? undefined : body,
  };
};
