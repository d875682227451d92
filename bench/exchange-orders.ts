/**
 * Exchange orders: how many order requests a second the local exchange takes over the WebSocket
 * trade stream, from a client in a process of its own that keeps several hundred under way.
 *
 * Orders are placed away from the touch and canceled again, each by a request of its own; one in a
 * hundred takes. All of the exchange is there: a generated market at its usual rate, signatures,
 * margin, the private stream of executions. Rate limits are off.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type LocalExchange, startExchange } from "../src/runtime/local-exchange.ts";
import type { Figure, Prepared } from "./measure.ts";

const CLIENT = fileURLToPath(new URL("exchange-client.ts", import.meta.url));
const REQUESTS = 200_000;
const WARM_UP = 60_000;

export const figures: readonly Figure[] = [
  {
    name: "exchange-orders",
    summary: "local exchange, orders placed and canceled over the WebSocket trade stream",
    unit: "order requests",
    references: { wanted: 0.02 },
    prepare,
  },
];

export interface ClientTask {
  readonly requests: number;
}

export interface ClientOutcome {
  readonly answered: number;
  readonly refused: number;
  /** Executions that the private stream has told of. */
  readonly fills: number;
}

async function prepare(): Promise<Prepared> {
  const exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    wallet: { USDT: "1000000000" },
    rateLimits: "off",
    seed: 1,
  });
  const client = fork(CLIENT, [exchange.streamUrl, exchange.accounts[0]!.apiKey], {
    env: { ...process.env, EXCHANGE_SECRET: exchange.accounts[0]!.secret },
    execArgv: [],
  });
  await once(client, "message");
  await order(client, { requests: WARM_UP });
  let outcome: ClientOutcome = { answered: 0, refused: 0, fills: 0 };
  return {
    warmUp: () => undefined,
    async run() {
      outcome = await order(client, { requests: REQUESTS });
      return outcome.answered;
    },
    proof: () => {
      end(client, exchange);
      const { answered, refused, fills } = outcome;
      // An order that takes may be filled in one piece or two: the market is by the wall clock.
      return { answered, refused, fillsInHundreds: Math.round(fills / 100) };
    },
  };
}

async function order(client: ChildProcess, task: ClientTask): Promise<ClientOutcome> {
  client.send(task);
  const [outcome] = (await once(client, "message")) as [ClientOutcome];
  return outcome;
}

function end(client: ChildProcess, exchange: LocalExchange): void {
  client.kill();
  void exchange.close();
}
