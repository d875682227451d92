/**
 * Settings: configuration, instruments and fills that people write by hand or export from elsewhere.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";

const CONFIG = `# what holds for this run
execution:
  maxParticipation: 0.1
  urgency: 0.5
  minOrder: "0.001"
limits:
  participation: 0.05 # at most 5 %
  staleAfter: 5s
  ordersPerMinute: 300
strategy:
  name: pov
  parameters: { rate: 0.04 }
  tactic: null
simulation:
  market: auto
  reaction: { halfLife: 5s, permanent: 1, transient: 1 }
  entryLatency: 50ms
  queue: probabilistic
  fees: { maker: "0.0002", taker: "0.0005", coin: settle }
live:
  maxOrderValue: 100000
  minOrderInterval: 5s
  onInterrupt: cancel
`;

async function openConfig(): Promise<OpenTarget> {
  const { loadConfig, parseConfig, configJson, DEFAULT_CONFIG, formatConfigFaults } =
    await import("../../../src/runtime/config.ts");
  const folder = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  const path = join(folder, "config.yaml");
  return {
    seeds: [CONFIG, JSON.stringify(configJson(DEFAULT_CONFIG)), JSON.stringify({ limits: {} })],
    missing: [],
    run: (input) => {
      writeFileSync(path, input);
      const loaded = loadConfig(path, { execution: { urgency: 0.4 } });
      if (!loaded.ok) {
        expectThat(loaded.error.length > 0, () => "refused without a word");
        for (const { code, text } of loaded.error) valueOf({ ok: false, error: { code, text } });
        formatConfigFaults(loaded.error);
        return;
      }
      const text = JSON.stringify(configJson(loaded.value));
      const again = parseConfig(JSON.parse(text));
      expectThat(again.ok, () => `what was accepted is refused when it is read back: ${text}`);
      const twice = JSON.stringify(configJson(again.value));
      expectThat(twice === text, () => `${text} became ${twice}`);
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

export const config: Target = {
  name: "config",
  about: "the configuration file, YAML and JSON",
  kind: "text",
  words: [
    ..."execution limits strategy simulation live name parameters tactic fees reaction".split(" "),
    ..."participation urgency minOrder staleAfter queue 5s 1h30m 50ms 1e3s null ~ !!binary".split(
      " ",
    ),
    "? ",
    "- ",
    "&a",
    "*a",
    "<<: *a",
    "%YAML 1.2",
    "!!set",
    "|",
    ">",
    "0o17",
    "0x1F",
    ".inf",
  ],
  share: 0.05,
  budgetMs: 500,
  open: openConfig,
};

const INSTRUMENT = `venue: bybit
symbol: XYZUSDT
kind: linear
base: XYZ
quote: USDT
tickSize: "0.1"
lotSize: "0.001"
contractSize: "1"
minQuantity: "0.001"
maxQuantity: "100"
maxMarketQuantity: "50"
minNotional: "5"
`;

async function openInstrument(): Promise<OpenTarget> {
  const { readInstrument, parseInstrument, instrumentJson } =
    await import("../../../src/runtime/instrument-file.ts");
  const folder = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  const path = join(folder, "instrument.yaml");
  return {
    seeds: [INSTRUMENT],
    missing: [],
    run: (input) => {
      writeFileSync(path, input);
      const read = valueOf(readInstrument(path));
      if (read === undefined) return;
      const { tickSize, lotSize, minLots, maxLimitLots, maxMarketLots } = read;
      const counts = [minLots, maxLimitLots, maxMarketLots];
      const isSound =
        tickSize.mantissa > 0n &&
        lotSize.mantissa > 0n &&
        counts.every((count) => Number.isSafeInteger(count) && count >= 0);
      expectThat(isSound, () => `an instrument with ${counts.join(", ")} lots`);
      const text = JSON.stringify(instrumentJson(read));
      const again = parseInstrument(JSON.parse(text));
      expectThat(again.ok && JSON.stringify(instrumentJson(again.value)) === text, () => {
        return `what was accepted is not read back: ${text}`;
      });
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

export const instrumentFile: Target = {
  name: "instrument-file",
  about: "the file of an instrument's grid",
  kind: "text",
  words: "venue symbol kind tickSize lotSize minQuantity maxQuantity spot inverse 1e-3".split(" "),
  share: 0.02,
  budgetMs: 500,
  open: openInstrument,
};

const FILLS = [
  [
    "id,orderId,symbol,side,price,qty,fee,feeCoin,time,isMaker,type",
    "1,o1,BTCUSDT,Buy,64000.1,0.003,0.0768,USDT,2024-08-09T00:00:00.123Z,true,Trade",
    "2,o1,BTCUSDT,Buy,64000.2,0.010,-0.0128,USDT,2024-08-09T00:00:01.5Z,false,Trade",
    "3,,BTCUSDT,,0,0,0.1,USDT,2024-08-09T08:00:00Z,,Funding",
  ],
  ["time;side;price;quantity", "1723161600000;sell;64000,1;0,003", "1723161600001;sell;64000;1"],
  [
    "Date(UTC)\tPair\tSide\tPrice\tExecuted\tAmount\tFee",
    '2024-08-09 00:00:00\tBTCUSDT\tBUY\t"64,000.10"\t0.003BTC\t192USDT\t0.1USDT',
  ],
];

async function openFills(): Promise<OpenTarget> {
  const { parseFills } = await import("../../../src/runtime/imported-fills.ts");
  const { knownInstrument } = await import("../../../src/data/known-instruments.ts");
  const instrument = knownInstrument("binance", "linear", "BTCUSDT");
  expectThat(instrument !== undefined, () => "BTCUSDT is built in");
  return {
    seeds: FILLS.map((lines) => `${lines.join("\n")}\n`),
    missing: [],
    run: async (input) => {
      const bytes = Buffer.from(input, "utf8");
      const half = bytes.length >> 1;
      const read = valueOf(
        await parseFills([bytes.subarray(0, half), bytes.subarray(half)], "fuzz.csv", {
          instrument,
          isUtc: true,
          feeCoin: "USDT",
          feesAreNegative: false,
        }),
      );
      if (read === undefined) return;
      const { counts, fills } = read;
      expectThat(fills.length > 0 && fills.length <= counts.rows, () => `${fills.length} fills`);
      let last = -(2n ** 80n);
      for (const { fill, at, side } of fills) {
        const isSound =
          Number.isSafeInteger(fill.price) &&
          fill.price > 0 &&
          Number.isSafeInteger(fill.quantity) &&
          fill.quantity > 0 &&
          (side === "buy" || side === "sell") &&
          (fill.fee === undefined || /^-?\d+(\.\d+)?$/.test(fill.fee));
        expectThat(isSound, () => `a fill of ${fill.quantity} at ${fill.price}, fee ${fill.fee}`);
        expectThat(at.nanos >= last, () => "fills out of order");
        last = at.nanos;
      }
    },
  };
}

export const fills: Target = {
  name: "fills",
  about: "tables of fills that were done elsewhere",
  kind: "lines",
  words: [
    ..."id orderId symbol side price qty fee feeCoin time isMaker type Buy Sell".split(" "),
    ..."BTCUSDT Trade Funding USDT true 2024-08-09T00:00:00Z 2024-02-30 24:00:00 64000.1".split(
      " ",
    ),
    '"',
    '""',
    ";",
    "\t",
    "|",
    "+00:00",
    "-23:59",
    "1,000.5",
    "0.1USDT",
    "(5)",
  ],
  share: 0.04,
  budgetMs: 400,
  open: openFills,
};
