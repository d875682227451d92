/**
 * Wire: a way to a server that a test can cut, as a network is cut, and that carries again at once.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { WIRE_PORT } from "./scenario.ts";

export class Wire {
  readonly port = WIRE_PORT;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => this.#drop(near, far));
        socket.on("close", () => this.#drop(near, far));
      }
      near.pipe(far).pipe(near);
    });
  }

  static async to(target: number): Promise<Wire> {
    const wire = new Wire(target);
    await new Promise<void>((resolve) => {
      wire.#server.listen(wire.port, "127.0.0.1", resolve);
    });
    return wire;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #drop(...sockets: readonly Socket[]): void {
    for (const socket of sockets) {
      socket.destroy();
      this.#sockets.delete(socket);
    }
  }
}
