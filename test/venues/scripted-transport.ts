/**
 * Scripted transport: a network in virtual time whose other side is a test.
 *
 * Nothing is answered unless the test says so, and time moves only when it lets it. What must stay
 * true: no handler is called from within a call to the transport.
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
import { VirtualTime } from "../../src/data/network/virtual-time.ts";

export class ScriptedSocket implements Socket {
  readonly request: SocketRequest;
  readonly events: SocketEvents;
  readonly sent: string[] = [];
  isOpen = false;

  constructor(request: SocketRequest, events: SocketEvents) {
    this.request = request;
    this.events = events;
  }

  open(): void {
    this.isOpen = true;
    this.events.opened();
  }

  send(text: string): void {
    if (this.isOpen) this.sent.push(text);
  }

  ping(): void {}

  close(): void {
    this.isOpen = false;
  }

  drop(): void {
    this.isOpen = false;
  }
}

export class ScriptedTransport implements Transport {
  readonly time = new VirtualTime();
  readonly timers = this.time;
  readonly sockets: ScriptedSocket[] = [];
  readonly requests: HttpRequest[] = [];
  /** What is said to a request; undefined: nothing, ever. */
  answer: (request: HttpRequest) => object | undefined = () => undefined;

  nowMs(): number {
    return this.time.now / 1e6;
  }

  connect(request: SocketRequest, events: SocketEvents): ScriptedSocket {
    const socket = new ScriptedSocket(request, events);
    this.sockets.push(socket);
    return socket;
  }

  request(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      const body = this.answer(request);
      if (body !== undefined) {
        const text = JSON.stringify(body);
        this.time.after(1e6, () => resolve({ status: 200, header: () => null, text }));
        return;
      }
      const late = new TransportError("late", "", "did not answer");
      this.time.after(request.timeoutMs * 1e6, () => reject(late));
    });
  }

  /** Lets time pass, and what is promised meanwhile come true. */
  async pass(ms: number): Promise<void> {
    const until = this.time.now + ms * 1e6;
    await settled();
    while (this.time.step(until)) await settled();
    this.time.runTo(until);
  }

  /** The machine, or the process, stands still for so long: nothing is due meanwhile. */
  standStill(ms: number): void {
    this.time.standStill(ms * 1e6);
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};
