/**
 * Doctor, account: what the key may do, and what stands in the way of trading with it.
 *
 * Only questions are asked: nothing of the account is changed. What must stay true: a question that
 * is not answered is a finding of its own, and keeps none of the others from being asked.
 */
import type { Result } from "../core/domain/errors.ts";
import {
  type ContractKind,
  formatQuantity,
  type Instrument,
  settleCoin,
} from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import type { BybitRest, RestOutcome } from "../venues/bybit/rest-client.ts";
import {
  dcpProduct,
  Grid,
  type KeyInfo,
  mayTrade,
  mayWithdraw,
  parseAccountInfo,
  parseDcpInfo,
  parseFeeRate,
  parseKeyInfo,
  parseOrderPage,
  parsePositionPage,
  parseWalletBalance,
  type PositionState,
  type WireFault,
} from "../venues/bybit/wire.ts";
import type { Finding } from "./doctor.ts";

export interface AccountQuestions {
  readonly rest: BybitRest;
  readonly category: ContractKind;
  /** Undefined where the venue knows none such: then only the key and the account are looked at. */
  readonly instrument: Instrument | undefined;
  /** Such as "testnet": a key of another network is the most usual mistake. */
  readonly network: string;
}

type InstrumentQuestions = AccountQuestions & { readonly instrument: Instrument };

type Asked<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly finding: Finding };

/** Where the key itself is refused nothing else is asked: each answer would say the same. */
export async function checkAccount(questions: AccountQuestions): Promise<Finding[]> {
  const key = await ask(questions, "keys", "/v5/user/query-api", {}, parseKeyInfo);
  if (!key.ok) return [key.finding];
  const findings = keyFindings(key.value, questions);
  // One after another: a burst of questions would be a finding of its own.
  for (const check of [modes, protection]) findings.push(...(await check(questions)));
  const { instrument } = questions;
  if (instrument === undefined) return findings;
  for (const check of [position, balance, fees, openOrders]) {
    findings.push(...(await check({ ...questions, instrument })));
  }
  return findings;
}

const SOON_DAYS = 14;

function keyFindings(key: KeyInfo, { category }: AccountQuestions): Finding[] {
  const findings: Finding[] = [{ about: "keys", severity: "ok", text: "the key is accepted" }];
  const rights = { about: "permissions" } as const;
  if (key.isReadOnly) {
    const text = "the key may read and not trade";
    findings.push({ ...rights, severity: "problem", text, todo: "make a key that may trade" });
  } else if (!mayTrade(key, category)) {
    const what = category === "spot" ? "spot" : "contracts: orders and positions";
    const todo = `give the key the right to trade ${what}`;
    findings.push({
      ...rights,
      severity: "problem",
      text: `the key may not trade ${category}`,
      todo,
    });
  } else findings.push({ ...rights, severity: "ok", text: `the key may trade ${category}` });
  if (mayWithdraw(key)) {
    findings.push({
      ...rights,
      severity: "note",
      text: "the key may withdraw: whoever gets hold of it can empty the account",
      todo: "make a key without the right to withdraw: it is never needed here",
    });
  }
  const bound = key.addresses.length;
  if (bound === 0) {
    findings.push({
      about: "address binding",
      severity: "note",
      text: "the key works from every address",
      todo: "bind it to this machine's address at the venue",
    });
  } else {
    const text = `the key is bound to ${bound} address${bound === 1 ? "" : "es"}`;
    findings.push({ about: "address binding", severity: "ok", text });
  }
  if (key.daysLeft !== undefined) {
    const isSoon = key.daysLeft <= SOON_DAYS;
    findings.push({
      about: "expiry",
      severity: isSoon ? "note" : "ok",
      text: `the key ends in ${key.daysLeft} days`,
      ...(isSoon ? { todo: "renew it, or bind it to an address: then it does not end" } : {}),
      figures: { daysLeft: key.daysLeft },
    });
  }
  return findings;
}

const MARGIN_MODES: Readonly<Record<string, string>> = {
  REGULAR_MARGIN: "cross margin",
  ISOLATED_MARGIN: "isolated margin",
  PORTFOLIO_MARGIN: "portfolio margin",
};

async function modes(questions: AccountQuestions): Promise<Finding[]> {
  const about = "account";
  const info = await ask(questions, about, "/v5/account/info", {}, parseAccountInfo);
  if (!info.ok) return [info.finding];
  const { marginMode, unifiedStatus } = info.value;
  if (unifiedStatus < 3) {
    const todo = "upgrade it to a unified trading account at the venue";
    return [{ about, severity: "problem", text: "this is a classic account", todo }];
  }
  const mode = MARGIN_MODES[marginMode] ?? marginMode;
  return [{ about, severity: "ok", text: `unified, ${mode}`, figures: { marginMode } }];
}

async function position(questions: InstrumentQuestions): Promise<Finding[]> {
  const { instrument } = questions;
  const { kind, symbol } = instrument;
  if (kind === "spot") return [];
  const about = "position";
  const query = { category: kind, symbol };
  const page = await ask(questions, about, "/v5/position/list", query, (result) =>
    parsePositionPage(result, new Grid(instrument)),
  );
  if (!page.ok) return [page.finding];
  const { rows, faults } = page.value;
  if (faults[0] !== undefined) return [unreadable(about, faults[0])];
  if (rows.length === 0) {
    return [
      { about, severity: "problem", text: `the venue tells of no position slot in ${symbol}` },
    ];
  }
  const isHedge = rows.some(({ positionIndex }) => positionIndex !== 0);
  const mode = isHedge
    ? "hedge mode: an order must say which side's position it is for"
    : "one-way mode";
  return [
    { about: "position mode", severity: "ok", text: mode, figures: { isHedge: String(isHedge) } },
    ...rows.map((row) => positionFinding(row, instrument)),
  ];
}

/** Of the mark price. */
const NEAR = 0.1;

/** As a share of the mark price; an estimate. Undefined where one of them is not known. */
function distanceTo(price: string | undefined, mark: string | undefined): number | undefined {
  if (price === undefined || mark === undefined) return undefined;
  return Math.abs(Number(price) / Number(mark) - 1);
}

const SLOTS = ["", "long side: ", "short side: "] as const;

function positionFinding(row: PositionState, instrument: Instrument): Finding {
  const slot = SLOTS[row.positionIndex];
  const leverage = row.leverage === "" ? "" : `, leverage ${row.leverage}`;
  const about = "position";
  if (row.status === "Liq" || row.status === "Adl") {
    const text = `${slot}the venue is closing it by force`;
    return { about, severity: "problem", text, todo: "wait until it is over; check the margin" };
  }
  if (row.lots === 0) return { about, severity: "ok", text: `${slot}none${leverage}` };
  const size = formatQuantity(instrument, lots(Math.abs(row.lots)));
  const at = row.entryPrice === undefined ? "" : ` at ${row.entryPrice}`;
  const { liquidationPrice, markPrice } = row;
  const end =
    liquidationPrice === undefined
      ? ""
      : `, closed by force at ${liquidationPrice} (mark ${markPrice ?? "unknown"})`;
  const text = `${slot}${row.lots < 0 ? "short" : "long"} ${size}${at}${leverage}${end}`;
  if (row.isReduceOnly) {
    const only = `${text}; the venue lets it only be reduced`;
    return { about, severity: "problem", text: only, todo: "ask the venue why" };
  }
  const distance = distanceTo(liquidationPrice, markPrice);
  if (distance === undefined || distance > NEAR) return { about, severity: "ok", text };
  const todo = "add margin or reduce the position before more is traded";
  return { about, severity: "note", text: `${text}: that is near`, todo };
}

async function balance(questions: InstrumentQuestions): Promise<Finding[]> {
  const { instrument, network } = questions;
  const about = "balance";
  const query = { accountType: "UNIFIED" };
  const path = "/v5/account/wallet-balance";
  const wallet = await ask(questions, about, path, query, parseWalletBalance);
  if (!wallet.ok) return [wallet.finding];
  const { coins, available } = wallet.value;
  const wanted =
    instrument.kind === "spot" ? [instrument.quote, instrument.base] : [settleCoin(instrument)];
  const held = wanted.map((coin) => {
    const state = coins.find((each) => each.coin === coin);
    return { coin, amount: state?.wallet ?? "0" };
  });
  const free = available === undefined ? "" : `; ${available} USD of margin free`;
  const text = held.map(({ coin, amount }) => `${amount} ${coin}`).join(", ") + free;
  const isEmpty = held.every(({ amount }) => isZero(amount)) && isZero(available ?? "0");
  const todo =
    network === "mainnet"
      ? "transfer money to the unified account"
      : "ask the venue for test money";
  return [
    isEmpty
      ? { about, severity: "note", text: `${text}: nothing to trade with`, todo }
      : { about, severity: "ok", text },
  ];
}

async function fees(questions: InstrumentQuestions): Promise<Finding[]> {
  const { kind, symbol } = questions.instrument;
  const about = "fees";
  const query = { category: kind, symbol };
  const rate = await ask(questions, about, "/v5/account/fee-rate", query, (result) =>
    parseFeeRate(result, symbol),
  );
  if (!rate.ok) return [rate.finding];
  const makerBps = bps(rate.value.maker);
  const takerBps = bps(rate.value.taker);
  const text = `maker ${makerBps} bps, taker ${takerBps} bps`;
  return [{ about, severity: "ok", text, figures: { makerBps, takerBps } }];
}

async function openOrders(questions: InstrumentQuestions): Promise<Finding[]> {
  const { instrument } = questions;
  const about = "open orders";
  const query = { category: instrument.kind, symbol: instrument.symbol, limit: "50" };
  const page = await ask(questions, about, "/v5/order/realtime", query, (result) =>
    parseOrderPage(result, new Grid(instrument)),
  );
  if (!page.ok) return [page.finding];
  const { rows, faults, next } = page.value;
  const count = rows.filter(({ standing }) => standing === "open").length + faults.length;
  if (count === 0) return [{ about, severity: "ok", text: `none on ${instrument.symbol}` }];
  const more = next === undefined ? "" : " or more";
  return [
    {
      about,
      severity: "note",
      text: `${count}${more} on ${instrument.symbol}: a run leaves them alone`,
      todo: "look whether they are wanted: a run may trade with them",
      figures: { count },
    },
  ];
}

async function protection(questions: AccountQuestions): Promise<Finding[]> {
  const about = "disconnect protection";
  const states = await ask(questions, about, "/v5/account/query-dcp-info", {}, parseDcpInfo);
  if (!states.ok) return [{ ...states.finding, severity: "note" }];
  const product = dcpProduct(questions.category);
  const state = states.value.find((each) => each.product === product);
  if (state === undefined || !state.isOn) {
    return [
      {
        about,
        severity: "note",
        text: "the account does not have it: orders stay if this machine is lost",
        todo: "ask the venue for it if orders must not outlive the connection",
      },
    ];
  }
  const { windowSeconds } = state;
  const text = `on: after ${windowSeconds} s without us the venue cancels all ${product} orders`;
  return [{ about, severity: "ok", text, figures: { windowSeconds } }];
}

async function ask<Value>(
  { rest, network }: AccountQuestions,
  about: string,
  path: string,
  query: Readonly<Record<string, string>>,
  read: (result: unknown) => Result<Value, WireFault>,
): Promise<Asked<Value>> {
  const outcome = await rest.get({ path, query });
  if (outcome.kind !== "answered") {
    return { ok: false, finding: unanswered(about, outcome, network) };
  }
  const value = read(outcome.answer.result);
  return value.ok ? value : { ok: false, finding: unreadable(about, value.error) };
}

/** What to do about an answer that was none. */
export function unanswered(
  about: string,
  outcome: Exclude<RestOutcome, { readonly kind: "answered" }>,
  network: string,
): Finding {
  const { text } = outcome;
  const todo =
    outcome.kind === "refused"
      ? (TODO_OF[outcome.retCode] ?? TODO_OF[outcome.meaning])
      : "check the network and the venue's status page, then try again";
  const finding: Finding = { about, severity: "problem", text };
  return todo === undefined ? finding : { ...finding, todo: todo.replace("NETWORK", network) };
}

const TODO_OF: Readonly<Record<string, string>> = {
  10_003: "check that this is a key of NETWORK: each network has keys of its own",
  10_004: "check the secret: it does not belong to this key, or was cut when it was copied",
  10_005: "give the key the right that this needs",
  10_010: "bind the key to this machine's address, or run on the machine that it is bound to",
  33_004: "the key has ended: make a new one",
  "-2015": "the key has ended: make a new one",
  credentials: "check the key and its secret, and that both are of NETWORK",
  restricted: "look at the account's page at the venue: it says what is restricted, and why",
  "rate-limited": "wait a minute; stop other programs that use this key or this address",
  clock: "set this machine's clock by a time server",
};

const unreadable = (about: string, fault: WireFault): Finding => ({
  about,
  severity: "problem",
  text: fault.text,
  todo: "report it: the venue answers otherwise than this version knows",
});

const isZero = (amount: string): boolean => !/[1-9]/.test(amount);

/** Of a rate's decimal text, for display. */
const bps = (rate: string): number => Number((Number(rate) * 1e4).toFixed(4));
