/**
 * Kill run: orders worked by `arrival run` on a local exchange over real sockets, killed by SIGKILL
 * at random instants and gone on with by `arrival resume`, until each has ended.
 *
 * What must stay true of each: never more is filled than was asked for, what the journal tells is
 * what the exchange has, order by order and execution by execution, no client order id was placed
 * twice, nothing rests in the end, and the journal replays to the same commands.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Side } from "../../src/core/domain/side.ts";
import { isLive, type ParentState } from "../../src/core/execution/parent-state.ts";
import type { ExchangeAccess, LocalExchange } from "../../src/runtime/local-exchange.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { replay } from "../../src/runtime/replay.ts";
import { RawRest } from "../clients/raw-client.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));

export interface KillTerms {
  readonly exchange: LocalExchange;
  readonly account: ExchangeAccess;
  readonly folder: string;
  readonly name: string;
  readonly side: Side;
  /** Units, exact text. */
  readonly quantity: string;
  readonly seconds: number;
  readonly strategy: string;
  /** In [0, 1). */
  readonly random: () => number;
  /** No more than so many. */
  readonly mostKills: number;
  /** Milliseconds from the start of a process to its end. */
  readonly lifeMs: readonly [least: number, most: number];
  /** Share of kills after which the market's rows are gone as well. */
  readonly lossShare?: number;
  /** Instead of being killed it is stopped for so long, and then goes on. */
  readonly stopMs?: number;
}

export interface KillOutcome {
  readonly kills: number;
  /** Of them, with the journal begun: the order was at work. */
  readonly atWork: number;
  /** How often the market's rows were taken away. */
  readonly losses: number;
  readonly phase: string;
  readonly filled: number;
  readonly quantity: number;
  readonly orders: number;
  readonly executions: number;
  /** What is wrong; empty where all is as it must be. */
  readonly faults: readonly string[];
  /** Milliseconds from an order's journaled instant to the exchange's, the longest. */
  readonly longestWay: number;
}

/** A busy order: it may take half of the market, and cross each second. */
const CONFIG = {
  execution: { maxParticipation: 0.5 },
  limits: { participation: 0.5, aggressiveSpacing: "1s", ordersPerMinute: 60 },
};

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

export async function killRun(terms: KillTerms): Promise<KillOutcome> {
  const journal = join(terms.folder, `${terms.name}.journal`);
  const faults: string[] = [];
  let kills = 0;
  let atWork = 0;
  let losses = 0;
  for (let lives = 0; ; lives++) {
    if (lives > terms.mostKills + 20) {
      faults.push(`it has not ended after ${lives} lives`);
      break;
    }
    const hadJournal = existsSync(journal);
    const life = begin(terms, journal, hadJournal);
    const [least, most] = terms.lifeMs;
    const span = least + terms.random() * (most - least);
    const isLast = kills >= terms.mostKills;
    const ended = await within(life, isLast ? 300_000 : span);
    if (ended === undefined) {
      if (isLast) {
        faults.push("it goes on and on");
        life.child.kill("SIGKILL");
        break;
      }
      kills += 1;
      if (existsSync(journal)) atWork += 1;
      if (terms.stopMs === undefined) {
        life.child.kill("SIGKILL");
        await life.ended;
        if (terms.random() < (terms.lossShare ?? 0) && loseRows(terms)) losses += 1;
      } else {
        life.child.kill("SIGSTOP");
        await pause(terms.stopMs);
        life.child.kill("SIGCONT");
        const after = await within(life, 300_000);
        if (after?.code !== 0) faults.push(`after SIGCONT: ${after?.code}: ${after?.said}`);
        break;
      }
      continue;
    }
    if (ended.code === 0) break;
    // It was killed before its order was durable: nothing was sent, and it says to begin anew.
    if (hadJournal && ended.code === 2 && ended.said.includes("it tells of no order")) {
      forget(terms);
      continue;
    }
    faults.push(`exit ${ended.code}: ${ended.said.slice(-600)}`);
    break;
  }
  return { kills, atWork, losses, ...(await compare(terms, journal, faults)) };
}

function forget({ folder, name }: KillTerms): void {
  for (const file of readdirSync(folder)) {
    if (file.startsWith(`${name}.`)) rmSync(join(folder, file), { recursive: true });
  }
}

/** The file that was being written; what the journal has kept of its rows is not reached. */
function loseRows({ folder, name }: KillTerms): boolean {
  const found = readdirSync(folder).find(
    (file) => file.startsWith(`${name}.market`) && file.endsWith(".partial"),
  );
  if (found !== undefined) rmSync(join(folder, found));
  return found !== undefined;
}

interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function begin(terms: KillTerms, journal: string, isResumed: boolean): Life {
  const { exchange, account, side, quantity, seconds, strategy } = terms;
  const isSliced = strategy === "twap" || strategy === "is";
  const parameters = isSliced ? ["--param", "intervalSeconds=2"] : [];
  const options = isResumed
    ? ["resume", journal]
    : [
        ["run", "--venue", "bybit", "--network", "local", "--local-url", exchange.url],
        ["--symbol", "BTCUSDT", "--side", side, "--quantity", quantity],
        ["--over", `${seconds}s`, "--strategy", strategy, "--residual", "cross"],
        ["--journal", journal, "--accept-infeasible"],
        ["--config", join(terms.folder, "config.json"), ...parameters],
      ].flat();
  if (!isResumed) writeFileSync(join(terms.folder, "config.json"), JSON.stringify(CONFIG));
  const child = spawn(process.execPath, [LAUNCHER, ...options], {
    cwd: terms.folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ARRIVAL_BYBIT_KEY: account.apiKey,
      ARRIVAL_BYBIT_SECRET: account.secret,
    },
  });
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (piece: Buffer) => (said = (said + String(piece)).slice(-4000)));
  }
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, said })),
  );
  return { child, ended };
}

async function within(life: Life, ms: number): Promise<Ended | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const first = await Promise.race([life.ended, late]);
  clearTimeout(timer);
  return first;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Row = Readonly<Record<string, string>>;

/** All pages. */
async function listOf(rest: RawRest, path: string, query: Record<string, string>): Promise<Row[]> {
  const found: Row[] = [];
  let cursor = "";
  for (;;) {
    const whole = { category: "linear", symbol: "BTCUSDT", limit: "50", ...query };
    const { body } = await rest.get(path, cursor === "" ? whole : { ...whole, cursor });
    found.push(...body.result.list);
    cursor = body.result.nextPageCursor ?? "";
    if (cursor === "" || body.result.list.length === 0) return found;
  }
}

async function compare(
  terms: KillTerms,
  journal: string,
  faults: string[],
): Promise<Omit<KillOutcome, "kills" | "atWork" | "losses">> {
  const rest = new RawRest(terms.exchange.url, terms.account);
  const orders = await listOf(rest, "/v5/order/history", {});
  const executions = (await listOf(rest, "/v5/execution/list", {})).filter(
    ({ execType }) => execType === "Trade",
  );
  const open = await listOf(rest, "/v5/order/realtime", { openOnly: "0" });
  const resting = open.filter(({ orderStatus }) => /New|PartiallyFilled$/.test(orderStatus!));
  for (const { orderLinkId } of resting) faults.push(`${orderLinkId} still rests`);
  const again = await replay(journal);
  if (!again.ok) {
    faults.push(`the journal does not replay: ${again.error.text}`);
    return { phase: "?", filled: 0, quantity: 0, orders: 0, executions: 0, faults, longestWay: 0 };
  }
  if (!again.value.identical) {
    faults.push(`it replays otherwise: ${JSON.stringify(again.value.difference)}`);
  }
  const parent = [...again.value.engine.parents.values()][0]!;
  const lot = Number(terms.quantity) / lotsOf(parent);
  faults.push(...differences(parent, orders, executions, lot));
  const { body } = await rest.get("/v5/position/list", { category: "linear", symbol: "BTCUSDT" });
  const position = body.result.list[0];
  const signed = Number(position.size) * (position.side === "Sell" ? -1 : 1);
  const expected = parent.filled * lot * (terms.side === "buy" ? 1 : -1);
  if (Math.abs(signed - expected) > lot / 2) {
    faults.push(`the account holds ${signed}, by the journal it is ${expected}`);
  }
  return {
    phase: parent.phase,
    filled: parent.filled,
    quantity: lotsOf(parent),
    orders: orders.length,
    executions: executions.length,
    faults,
    longestWay: longestWay(journal, orders),
  };
}

function lotsOf({ order }: ParentState): number {
  return order.quantity.kind === "lots" ? order.quantity.lots : Number.NaN;
}

function differences(
  parent: ParentState,
  orders: readonly Row[],
  executions: readonly Row[],
  lot: number,
): string[] {
  const faults: string[] = [];
  if (isLive(parent)) faults.push(`it has not ended: ${parent.phase}`);
  if (parent.filled > lotsOf(parent)) faults.push(`${parent.filled} filled of ${lotsOf(parent)}`);
  if (parent.phase === "complete" && parent.filled !== lotsOf(parent)) {
    faults.push(`complete with ${parent.filled} of ${lotsOf(parent)}`);
  }
  const links = orders.map(({ orderLinkId }) => orderLinkId!);
  if (new Set(links).size !== links.length) faults.push("a client order id was placed twice");
  for (const link of links) {
    if (!parent.children.has(link as never)) faults.push(`${link} is at the exchange alone`);
  }
  const told = new Map(parent.fills.map(({ fill }) => [fill.executionId, fill.quantity]));
  if (told.size !== parent.fills.length) faults.push("an execution was counted twice");
  for (const { execId, execQty } of executions) {
    const quantity = told.get(execId!);
    if (quantity === undefined) faults.push(`execution ${execId} was never told`);
    else if (Math.abs(quantity * lot - Number(execQty)) > lot / 2) {
      faults.push(`execution ${execId}: ${quantity} lots told, ${execQty} executed`);
    }
  }
  if (told.size !== executions.length) {
    faults.push(`${told.size} executions told, ${executions.length} at the exchange`);
  }
  return faults;
}

/** Nothing stale: an order is at the exchange soon after its reason was journaled, or never. */
function longestWay(journal: string, orders: readonly Row[]): number {
  const opened = openJournal(journal);
  if (!opened.ok) return Number.NaN;
  const sentAt = new Map<string, number>();
  let time = 0;
  for (const { kind, body } of opened.value.records()) {
    const told = JSON.parse(body);
    if (kind === "event") time = told.time;
    else if (told.kind === "place-order") sentAt.set(told.order.clientOrderId, time / 1000);
  }
  opened.value.close();
  let longest = 0;
  for (const { orderLinkId, createdTime } of orders) {
    const sent = sentAt.get(orderLinkId!);
    if (sent !== undefined) longest = Math.max(longest, Number(createdTime) - sent);
  }
  return longest;
}
