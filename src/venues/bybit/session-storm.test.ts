/**
 * A storm: for some seconds a session places, amends and cancels while its connections are cut, its
 * answers lost, the exchange held up and restarted. In the end not a lot may be missing.
 */
import { expect, it } from "vitest";
import type { OrderReport, TimeInForce } from "../../core/domain/child-order.ts";
import { uniformAt } from "../../core/domain/random.ts";
import { lots, ticks } from "../../core/domain/units.ts";
import { DEFAULT_PACE } from "../../data/recorder/feed.ts";
import { type LocalExchange, startExchange } from "../../runtime/local-exchange.ts";
import { Scene } from "../../testing/venue-scene.ts";
import type { WitnessedOrder } from "../../testing/venue-witness.ts";
import { bybitVenue } from "./bybit-venue.ts";
import { Credentials } from "./credentials.ts";
import { hostsOf } from "./hosts.ts";
import { DEFAULT_PATIENCE } from "./order-sighting.ts";
import { SESSION_PACE } from "./session-parts.ts";
import { STREAM_PACE } from "./signed-stream.ts";

const SECONDS = 5;
const FAST = { firstMs: 20, mostMs: 200 };
const RATES = { limits: { create: 200, amend: 200, cancel: 200 } };

async function openScene(exchange: LocalExchange): Promise<Scene> {
  const hosts = hostsOf("local", exchange.url);
  const { apiKey, secret } = exchange.accounts[0]!;
  if (!hosts.ok) throw new Error(hosts.error.text);
  const opened = await bybitVenue({
    hosts: hosts.value,
    credentials: new Credentials(apiKey, secret),
    category: "linear",
    symbol: "BTCUSDT",
    prefix: "storm",
    depth: 50,
    tradeConnections: 2,
    rates: RATES,
    pace: {
      feed: { ...DEFAULT_PACE, spacingMs: 1, backoff: FAST },
      stream: { ...STREAM_PACE, backoff: FAST },
      session: { ...SESSION_PACE, lookMs: 10, withdrawLookMs: 30 },
      tracker: {
        ...DEFAULT_PATIENCE,
        receiveWindowMs: 1000,
        slackMs: 300,
        confirmMs: 200,
        executionsMs: 100,
        firstLookMs: 30,
        mostLookMs: 300,
      },
      // Longer than the exchange is ever held up: a stream without answers is given up.
      answerMs: 700,
      restTimeoutMs: 1000,
    },
  }).open(new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.text);
  return new Scene({
    session: opened.value,
    prefix: "storm",
    patienceMs: 60_000,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: () => Promise.resolve(),
  });
}

/** Random numbers by a seed; how the network's timing falls is chance all the same. */
class Dice {
  #k = 0;
  draw = (): number => uniformAt(7, 1, this.#k++);
  below = (most: number): number => Math.floor(this.draw() * most);
  falls = (chance: number): boolean => this.draw() < chance;
}

function place(scene: Scene, dice: Dice): WitnessedOrder | undefined {
  const { witness } = scene;
  const { bestBid, bestAsk } = witness.book;
  if (!witness.hasBook || bestBid <= 0 || bestAsk <= bestBid) return undefined;
  const side = dice.falls(0.5) ? "buy" : "sell";
  const touch = ticks(side === "buy" ? bestBid : bestAsk);
  const prices = [scene.near(side), touch, touch, scene.far(side)];
  const timeInForce: TimeInForce = dice.falls(0.3)
    ? { kind: "immediate-or-cancel" }
    : { kind: "good-till-canceled", postOnly: dice.falls(0.5) };
  const limitPrice = prices[dice.below(prices.length)]!;
  return witness.place(
    scene.terms({ side, limitPrice, timeInForce, quantity: lots(1 + dice.below(20)) }),
  );
}

function change({ witness }: Scene, order: WitnessedOrder, dice: Dice): void {
  const { phase, limitPrice, cumulative, quantity } = order.child;
  if (dice.falls(0.5)) {
    if (phase !== "working" || limitPrice === undefined) return;
    const price = ticks(limitPrice + dice.below(20) - 10);
    const size = lots(Math.max(cumulative + 1, quantity + dice.below(6) - 3));
    if (price === limitPrice && size === quantity) return;
    witness.amend(order, { limitPrice: price, quantity: size });
  } else if (phase !== "closed" && phase !== "pending-cancel") witness.cancel(order);
}

function strike({ server }: LocalExchange, dice: Dice): void {
  const fate = dice.draw();
  if (fate < 0.02) server.dropConnections();
  else if (fate < 0.03) {
    server.pause();
    setTimeout(() => server.resume(), 50 + dice.below(600));
  } else if (fate < 0.06) server.loseAnswers(1 + dice.below(3));
  else if (fate < 0.065) server.restart();
}

it("loses nothing in a storm", async () => {
  const exchange = await startExchange({
    symbols: ["linear:BTCUSDT=generated:seed=7"],
    seed: 5,
    history: 5,
    rateLimits: 200,
  });
  try {
    const scene = await openScene(exchange);
    const { witness } = scene;
    await scene.begin();
    const dice = new Dice();
    const open: WitnessedOrder[] = [];
    const seen = (): ReadonlySet<OrderReport["kind"]> =>
      new Set([...witness.orders.values()].flatMap(({ reports }) => reports.map(kindOf)));
    const until = performance.now() + SECONDS * 1000;
    // A slow machine may need longer until each thing has happened once.
    const isOver = (): boolean =>
      performance.now() >= until && KINDS.every((kind) => seen().has(kind));
    while (!isOver() && witness.broken === undefined) {
      const order = open.length < 40 && dice.falls(0.4) ? place(scene, dice) : undefined;
      if (order !== undefined) open.push(order);
      const other = open[dice.below(open.length)];
      if (other?.child.phase === "closed") open.splice(open.indexOf(other), 1);
      else if (other !== undefined && dice.falls(0.3)) change(scene, other, dice);
      strike(exchange, dice);
      await scene.stage.wait(dice.below(20));
    }
    exchange.server.resume();
    await scene.end();
    await witness.close();
    expect(witness.broken).toBeUndefined();
    // Nobody else trades here, so there is nothing to be alarmed about.
    const alarms = witness.notices.filter(({ severity }) => severity === "critical");
    expect(alarms.map(({ text }) => text)).toEqual([]);
  } finally {
    await exchange.close();
  }
});

const KINDS: readonly OrderReport["kind"][] = [
  "accepted",
  "filled",
  "canceled",
  "amended",
  "timed-out",
];
const kindOf = ({ kind }: OrderReport): OrderReport["kind"] => kind;
