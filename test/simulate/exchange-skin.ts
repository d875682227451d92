/**
 * Exchange skin: what an exchange says that is not so, does not say, or will not do just now.
 *
 * It stands between the network and the exchange's front and reads the same wire texts as a client.
 * What must stay true: whoever is refused here has had nothing done, and whoever is told of a fault
 * of the server may have had it done.
 */
import {
  countSteps,
  decimal,
  formatDecimal,
  multiplyDecimal,
  parseDecimal,
} from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import type { VirtualTime } from "../../src/data/network/virtual-time.ts";
import type { ApiReply, ApiRequest } from "../../src/exchange/server/rest-api.ts";
import type { StreamWire } from "../../src/exchange/server/stream-connection.ts";
import type { Faults } from "./faults.ts";
import type { Truth } from "./truth.ts";

export interface SkinParts {
  readonly faults: Faults;
  readonly instrument: Instrument;
  readonly truth: Truth;
  readonly time: VirtualTime;
}

interface Refusal {
  readonly retCode: number;
  readonly retMsg: string;
}

const ACTIONS = ["order.create", "order.amend", "order.cancel"] as const;
type Action = (typeof ACTIONS)[number];

const LIMITED: Refusal = {
  retCode: 10006,
  retMsg: "Too many visits. Exceeded the API Rate Limit.",
};
const BROKEN: Refusal = { retCode: 10016, retMsg: "Server error." };
const CLOSED: Refusal = { retCode: 10019, retMsg: "the service is restarting" };
const REFUSALS: readonly Refusal[] = [
  { retCode: 110007, retMsg: "ab not enough for new order" },
  { retCode: 110003, retMsg: "Order price exceeds the allowable range." },
  { retCode: 110020, retMsg: "Not allowed to have more than 500 active orders." },
  { retCode: 110066, retMsg: "Trading is currently not allowed." },
  { retCode: 10001, retMsg: "Request parameter error." },
];

export class ExchangeSkin {
  readonly #parts: SkinParts;
  #closedUntil = 0;
  #hasNewRules = false;
  #rows = 0;
  /** Requests whose answer is to be a fault of the server. */
  readonly #spoilt = new Set<string>();

  constructor(parts: SkinParts) {
    this.#parts = parts;
  }

  get isClosed(): boolean {
    return this.#parts.time.now < this.#closedUntil && this.#parts.faults.isActive;
  }

  maintain(nanos: number): void {
    this.#closedUntil = this.#parts.time.now + nanos;
  }

  get hasNewRules(): boolean {
    return this.#hasNewRules;
  }

  changeRules(): void {
    this.#hasNewRules = true;
  }

  /** The whole answer of a request that is not let through. */
  request(request: ApiRequest, nowMs: number): ApiReply | undefined {
    if (this.isClosed) return UNAVAILABLE;
    const action = actionOf(request);
    if (action === undefined) return undefined;
    const refusal = this.#judge(action, fieldsOf(request.body ?? ""));
    return refusal === undefined ? undefined : replyOf(refusal, nowMs);
  }

  /** Of a request that is done. */
  breaks(request: ApiRequest): boolean {
    return actionOf(request) !== undefined && this.#parts.faults.strikes("server-error");
  }

  broken(now: number): ApiReply {
    return replyOf(BROKEN, Math.floor(now / 1_000));
  }

  /** What is told of the instrument, by the rules in force. */
  reply(request: ApiRequest, reply: ApiReply): ApiReply {
    if (!this.#hasNewRules || !request.url.startsWith("/v5/market/instruments-info")) return reply;
    const { instrument } = this.#parts;
    const body = reply.body
      .replaceAll(
        `"tickSize":"${formatDecimal(instrument.tickSize)}"`,
        `"tickSize":"${formatDecimal(multiplyDecimal(instrument.tickSize, COARSER_TICK))}"`,
      )
      .replaceAll(
        `"qtyStep":"${formatDecimal(instrument.lotSize)}"`,
        `"qtyStep":"${formatDecimal(multiplyDecimal(instrument.lotSize, COARSER_LOT))}"`,
      );
    return { ...reply, body };
  }

  /** Answer to a frame of the trade stream that is not let through. */
  frame(text: string): string | undefined {
    const message = fieldsOf(text);
    const action = ACTIONS.find((each) => each === message["op"]);
    if (action === undefined) return undefined;
    const [order] = (message["args"] ?? []) as Record<string, unknown>[];
    const id = String(message["reqId"]);
    const refusal = this.isClosed ? CLOSED : this.#judge(action, order ?? {});
    if (refusal !== undefined) return tradeAnswer(id, action, refusal);
    if (this.#parts.faults.strikes("server-error")) this.#spoilt.add(id);
    return undefined;
  }

  /** The way to a client, with what is said on it. */
  dress(path: string, wire: StreamWire): StreamWire {
    const isTrade = path === "/v5/trade";
    const isPrivate = path === "/v5/private";
    return {
      get isOpen() {
        return wire.isOpen;
      },
      write: (texts) => {
        const said = texts.map((text) => (isTrade ? this.#spoil(String(text)) : String(text)));
        if (isPrivate && this.#parts.faults.strikes("liquidation-rows")) said.push(this.#row());
        return wire.write(said);
      },
      close: (code, reason) => wire.close(code, reason),
      cut: () => wire.cut(),
    };
  }

  #judge(action: Action, fields: Record<string, unknown>): Refusal | undefined {
    const { faults, truth } = this.#parts;
    if (action === "order.create") truth.arrived(String(fields["orderLinkId"] ?? ""));
    if (faults.strikes("rate-limited")) return LIMITED;
    if (action === "order.create" && faults.strikes("rejected")) {
      return faults.luck("rejected").pick(REFUSALS);
    }
    return this.#hasNewRules && action !== "order.cancel" ? this.#offGrid(fields) : undefined;
  }

  #offGrid(fields: Record<string, unknown>): Refusal | undefined {
    const { tickSize, lotSize } = this.#parts.instrument;
    const isOn = (value: unknown, step: typeof tickSize): boolean => {
      if (value === undefined) return true;
      const parsed = parseDecimal(String(value));
      return parsed.ok && countSteps(parsed.value, step).exact;
    };
    if (!isOn(fields["price"], multiplyDecimal(tickSize, COARSER_TICK))) {
      return { retCode: 10001, retMsg: "Price invalid" };
    }
    const isLot = isOn(fields["qty"], multiplyDecimal(lotSize, COARSER_LOT));
    return isLot ? undefined : { retCode: 10001, retMsg: "Qty invalid" };
  }

  #spoil(text: string): string {
    if (this.#spoilt.size === 0) return text;
    const id = /^\{"reqId":"([^"]+)"/.exec(text)?.[1];
    if (id === undefined || !this.#spoilt.delete(id)) return text;
    return tradeAnswer(id, "order.create", BROKEN);
  }

  /** A position that somebody closed by force, in a row that looks like a fill of nobody's. */
  #row(): string {
    const { instrument, faults } = this.#parts;
    this.#rows += 1;
    const execType = faults.luck("liquidation-rows").pick(["BustTrade", "AdlTrade", "Settle"]);
    const row = {
      category: "linear",
      symbol: instrument.symbol,
      orderId: `forced-${this.#rows}`,
      orderLinkId: "",
      side: "Sell",
      orderPrice: formatDecimal(instrument.tickSize),
      orderQty: formatDecimal(instrument.lotSize),
      leavesQty: "0",
      createType: "CreateByLiq",
      orderType: "Market",
      stopOrderType: "UNKNOWN",
      execFee: "0",
      execId: `forced-execution-${this.#rows}`,
      execPrice: formatDecimal(instrument.tickSize),
      execQty: formatDecimal(instrument.lotSize),
      execType,
      execValue: "0",
      execTime: "1767625200000",
      feeCurrency: "",
      isMaker: false,
      feeRate: "0",
      seq: 1,
    };
    const id = `forced-${this.#rows}`;
    return JSON.stringify({ id, topic: "execution", creationTime: 1767625200000, data: [row] });
  }
}

export const COARSER_TICK = decimal("5");
export const COARSER_LOT = decimal("10");

const UNAVAILABLE: ApiReply = {
  status: 503,
  headers: { "Content-Type": "text/html" },
  body: "<html>503 Service Temporarily Unavailable</html>",
};

function actionOf({ method, url }: ApiRequest): Action | undefined {
  if (method !== "POST" || !url.startsWith("/v5/order/")) return undefined;
  const name = `order.${url.slice("/v5/order/".length)}`;
  return ACTIONS.find((each) => each === name);
}

function fieldsOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

const replyOf = ({ retCode, retMsg }: Refusal, nowMs: number): ApiReply => ({
  status: 200,
  headers: { "Content-Type": "application/json; charset=utf-8" },
  body: JSON.stringify({ retCode, retMsg, result: {}, retExtInfo: {}, time: nowMs }),
});

const tradeAnswer = (reqId: string, op: string, { retCode, retMsg }: Refusal): string =>
  JSON.stringify({ reqId, retCode, retMsg, op, data: {}, retExtInfo: {}, header: {}, connId: "" });
