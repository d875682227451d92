import { describe, expect, it } from "vitest";
import { conform } from "./conformance.ts";
import { FIXTURES, hasFixtures, type StreamExample } from "./examples.ts";
import { compare } from "./shape.ts";
import { asOfSpot, judgeTold } from "./told.ts";
import { type Found, type SentOrder, valueFaults } from "./values.ts";

const why = hasFixtures() ? "" : ` (skipped: ${FIXTURES} is not there)`;

describe(`the local exchange and Bybit's own examples${why}`, () => {
  it.skipIf(!hasFixtures())("agree wherever it covers them", async () => {
    const verdicts = await conform();
    const wrong = verdicts.filter(({ outcome }) => outcome === "mismatch");
    expect(wrong).toEqual([]);
    // A guard whose examples have moved would guard nothing in silence.
    const validated = verdicts.filter(({ outcome }) => outcome === "validated");
    expect(validated.length).toBeGreaterThan(145);
    const of = (source: string): number =>
      validated.filter((verdict) => verdict.source === source).length;
    expect(of("all that was told")).toBeGreaterThan(12);
    expect(of("values")).toBe(14);
  });
});

describe("the comparison", () => {
  const enums = new Map([["side", new Set(["Buy", "Sell"])]]);
  const faultsOf = (example: object, ours: object): string[] =>
    compare(example, ours, enums).faults;

  it("finds what is missing, of another kind, or not in Bybit's table", () => {
    const example = { list: [{ side: "Buy", price: "1.5", size: 3, isOpen: true }], cursor: "x" };
    const same = { list: [{ side: "Sell", price: "7", size: 4, isOpen: false }], cursor: "" };
    expect(faultsOf(example, same)).toEqual([]);
    expect(faultsOf(example, { list: [{ side: "buy", price: 1.5, size: 0.5 }] })).toEqual([
      'list[].side: "buy" is not in Bybit\'s table',
      "list[].price: number 1.5, not string",
      "list[].size: 0.5 is not whole",
      "list[].isOpen: missing",
      "cursor: missing",
    ]);
    expect(faultsOf({ price: "1" }, { price: "high" })).toEqual(['price: "high" is no number']);
    expect(faultsOf({ price: "1" }, { price: "" })).toEqual(['price: "" is no number']);
    expect(faultsOf({ side: "Buy" }, { side: "" })).toEqual([expect.stringMatching(/^side: ""/)]);
    expect(faultsOf({ triggerPrice: "1" }, { triggerPrice: "" })).toEqual([]);
    expect(faultsOf({ b: [["1", "2"]] }, { b: [["1"]] })).toEqual(["b[]: 1 places, not 2"]);
  });

  it("takes a list without records for a list, and says so", () => {
    const { faults, empty } = compare({ list: [{ a: 1 }] }, { list: [] }, enums);
    expect({ faults, empty }).toEqual({ faults: [], empty: ["list"] });
  });
});

describe("all that was told", () => {
  const example = (message: object): StreamExample => ({
    kind: "stream",
    source: "",
    stream: "linear",
    message,
  });
  const topicOf = ({ topic }: { topic: string }): string => topic;
  const faultsOf = (messages: object[], ...examples: object[]): (readonly string[])[] =>
    judgeTold(messages, examples.map(example), new Map(), topicOf).map(({ faults }) => faults);

  it("has one wrong message found among right ones", () => {
    const right = { topic: "trade", data: [{ p: "1", L: "Up" }] };
    const wrong = { topic: "trade", data: [{ p: "", L: "Up" }] };
    expect(faultsOf([right, right], right)).toEqual([[]]);
    expect(faultsOf([right, wrong, right], right)).toEqual([['data[].p: "" is no number']]);
    const spot = { topic: "trade", data: [{ p: "1" }] };
    expect(faultsOf([spot], right)).toEqual([["data[].L: missing"]]);
    expect(faultsOf([spot], asOfSpot(example(right)).message)).toEqual([[]]);
  });

  it("may leave out of a delta what has not changed, and nothing else", () => {
    const data = { symbol: "A", bid: "1", ask: "2" };
    const shown = { topic: "tickers", type: "delta", data };
    const delta = (part: object): object => ({ topic: "tickers", type: "delta", data: part });
    expect(faultsOf([delta({ symbol: "B", ask: "3" })], shown)).toEqual([[]]);
    expect(faultsOf([delta({ symbol: "B", ask: 3 })], shown)[0]).toHaveLength(1);
  });
});

describe("the values of an order", () => {
  const sent: SentOrder = {
    category: "linear",
    orderLinkId: "a",
    side: "Buy",
    qty: "0.01",
    becomes: "Filled",
  };
  const history = {
    orderId: "1",
    side: "Buy",
    price: "70",
    qty: "0.01",
    orderStatus: "Filled",
    cumExecQty: "0.010",
    avgPrice: "65",
  };
  const executions = [
    { side: "Buy", execQty: "0.006", execPrice: "64" },
    { side: "Buy", execQty: "0.004", execPrice: "66.5" },
  ];
  const found: Found = { history, told: history, executions };

  it("are those that were sent, all the way", () => {
    expect(valueFaults(sent, found)).toEqual([]);
    const differently = (part: object): string[] =>
      valueFaults(sent, { ...found, history: { ...history, ...part } });
    expect(differently({ side: "Sell" })).toContain('side: "Sell", not "Buy"');
    expect(differently({ cumExecQty: "0.009" })).toContain('cumExecQty: "0.009", not "0.01"');
    expect(differently({ avgPrice: "" })).toContain("avgPrice:  is not in 64 to 66.5");
    expect(differently({ avgPrice: "60" })).toContain("avgPrice: 60 is not in 64 to 66.5");
    const one = { ...found, executions: executions.slice(1) };
    expect(valueFaults(sent, one)).toContain('executions: "0.00400000", not "0.01000000"');
    const unheard = { ...found, told: undefined };
    expect(valueFaults(sent, unheard)).toContain('side on the stream: undefined, not "Buy"');
    expect(valueFaults({ ...sent, price: "71" }, found)).toEqual(['price: "70", not "71"']);
  });
});
