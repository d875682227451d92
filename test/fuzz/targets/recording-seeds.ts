/**
 * Recording seeds: the beginnings of true recordings where they are, and small ones in their shape.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { unzipSync } from "fflate";
import { dataPath } from "../target.ts";

const FRAMES = {
  binance: dataPath("binance-hftbacktest/usdm_btcusdt_20240808.gz"),
  spot: dataPath("binance-hftbacktest/spot_btcusdt_20240808.gz"),
  bybit: dataPath("bybit-ws-cryptofeed/BYBIT.jsonl.zst"),
  archive: dataPath("bybit-ws-cryptofeed/nautilus_2024-12-01_XRPUSDT_ob500.data.zip"),
} as const;
const TABLES = {
  coinbase: dataPath("coinbase-l2-2018/feed_20180417_10min_raw.csv.gz"),
  asks: dataPath("coinbase-l2-2018/snapshot_asks.csv.gz"),
  bids: dataPath("coinbase-l2-2018/snapshot_bids.csv.gz"),
  updates: dataPath("coinbase-l2-2018/l2update_1.csv.gz"),
  lobster: dataPath("lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip"),
} as const;

const absent = (paths: Readonly<Record<string, string>>): string[] =>
  Object.values(paths).filter((path) => !existsSync(path));
export const missingFrames = (): string[] => absent(FRAMES);
export const missingTables = (): string[] => absent(TABLES);

/** The text of a packed file; "" where it is absent. */
function unpacked(path: string, member = ""): string {
  if (!existsSync(path)) return "";
  const bytes = readFileSync(path);
  if (path.endsWith(".zst")) return zstdDecompressSync(bytes).toString("utf8");
  if (!path.endsWith(".zip")) return gunzipSync(bytes).toString("utf8");
  const members = unzipSync(bytes, { filter: ({ name }) => name.includes(member) });
  return Buffer.from(Object.values(members)[0] ?? []).toString("utf8");
}

const MOST_LINE = 6_000;

function* shortLines(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end);
    if (line.length <= MOST_LINE) yield line;
    at = end < 0 ? text.length : end + 1;
  }
}

/** Pieces of `count` lines from here and there. */
function pieces(text: string, count: number, most: number, every: number): string[] {
  const found: string[] = [];
  let piece: string[] = [];
  let skipped = 0;
  for (const line of shortLines(text)) {
    if (skipped-- > 0) continue;
    piece.push(line);
    if (piece.length < count) continue;
    found.push(piece.join("\n"));
    if (found.length === most) break;
    piece = [];
    skipped = every;
  }
  return found;
}

const SECONDS = 1_786_310_817;

const grid = (symbol: string, category: string): string =>
  JSON.stringify({
    t: "http",
    conn: "http.1",
    ts: SECONDS,
    url: `https://api.bybit.com/v5/market/instruments-info?&category=${category}`,
    data: JSON.stringify({
      retCode: 0,
      result: {
        category,
        list: [
          {
            symbol,
            baseCoin: "BTC",
            quoteCoin: "USDT",
            priceFilter: { tickSize: "0.1" },
            lotSizeFilter: { qtyStep: "0.001", minOrderQty: "0.001", maxOrderQty: "100" },
          },
        ],
      },
    }),
  });
const bybitBook = (type: string, u: number, symbol: string, price: string): object => ({
  topic: `orderbook.50.${symbol}`,
  type,
  ts: SECONDS * 1_000 + u,
  data: {
    s: symbol,
    b: [
      [price, "1"],
      ["0.5", "3"],
    ],
    a: [["64000.2", "2"]],
    u,
    seq: 7 + u,
  },
  cts: SECONDS * 1_000 + u - 3,
});
const bybitTrade = (u: number, more: object = {}): object => ({
  topic: "publicTrade.BTCUSDT",
  type: "snapshot",
  ts: SECONDS * 1_000 + u,
  data: [
    {
      T: SECONDS * 1_000 + u,
      s: "BTCUSDT",
      S: "Buy",
      v: "0.003",
      p: "64000.1",
      i: `i${u}`,
      ...more,
    },
  ],
});
const received = (message: object, at: number): string =>
  JSON.stringify({
    t: "recv",
    conn: "ws.1",
    ts: SECONDS + at / 1_000,
    data: JSON.stringify(message),
  });

const BYBIT_FRAMES = [
  JSON.stringify({ t: "header", format: 2, exchange: "BYBIT" }),
  grid("BTCUSDT", "linear"),
  JSON.stringify({ t: "connect", conn: "ws.1", ts: SECONDS, addr: "wss://x/v5/public/linear" }),
  received(bybitBook("snapshot", 1, "BTCUSDT", "64000.1"), 1),
  received(bybitTrade(2), 2),
  received(bybitBook("delta", 2, "BTCUSDT", "64000"), 3),
  received(bybitTrade(3, { BT: true }), 4),
  received(bybitBook("delta", 4, "BTCUSDT", "63999.9"), 5),
  received(bybitBook("snapshot", 1, "BTCUSDT", "63999.9"), 6),
].join("\n");
const BYBIT_ARCHIVE = [
  bybitBook("snapshot", 1, "XRPUSDT", "1.9531"),
  ...[2, 3, 4, 6, 7].map((u) => bybitBook("delta", u, "XRPUSDT", "1.9530")),
  bybitBook("snapshot", 8, "XRPUSDT", "1.9529"),
  bybitBook("delta", 9, "XRPUSDT", "1.9530"),
]
  .map((message) => JSON.stringify(message).replaceAll("64000.2", "1.9540"))
  .join("\n");

let stamp = 1_723_161_255_000_000_000n;
const binance = (frame: object): string => `${(stamp += 1_000_000n)} ${JSON.stringify(frame)}`;
const depth = (U: number, u: number, pu: number): object => ({
  stream: "btcusdt@depth@0ms",
  data: {
    e: "depthUpdate",
    E: 1_723_161_256_299 + u,
    T: 1_723_161_256_298 + u,
    s: "BTCUSDT",
    U,
    u,
    pu,
    b: [["61800.10", "0.014"]],
    a: [["61800.50", "0"]],
  },
});
const BINANCE = [
  depth(5, 9, 4),
  {
    lastUpdateId: 8,
    E: 1_723_161_256_300,
    T: 1,
    bids: [["61800.1", "1"]],
    asks: [["61800.5", "2"]],
  },
  {
    stream: "btcusdt@trade",
    data: {
      e: "trade",
      E: 1_723_161_256_322,
      T: 1_723_161_256_322,
      s: "BTCUSDT",
      t: 52,
      p: "61800.30",
      q: "0.006",
      X: "MARKET",
      m: false,
    },
  },
  {
    stream: "btcusdt@bookTicker",
    data: {
      e: "bookTicker",
      u: 9,
      s: "BTCUSDT",
      b: "61800.10",
      B: "1",
      a: "61800.50",
      A: "2",
      T: 1_723_161_256_322,
      E: 1_723_161_256_322,
    },
  },
  depth(10, 12, 9),
  depth(15, 16, 14),
]
  .map(binance)
  .join("\n");

/** A book that the first delta of a piece goes on from: true ones are too long to be bent. */
function withBinanceBook(piece: string): string {
  const first = /"U":(\d+)/.exec(piece)?.[1];
  const price = /"b":\[\["([\d.]+)"/.exec(piece)?.[1];
  if (first === undefined || price === undefined) return piece;
  const stampOf = piece.slice(0, piece.indexOf(" "));
  const millis = /"E":(\d+)/.exec(piece)?.[1] ?? "0";
  const book = `"bids":[["${price}","1"]],"asks":[["99999.00","1"]]`;
  return `${stampOf} {"lastUpdateId":${first},"E":${millis},"T":${millis},${book}}\n${piece}`;
}

function withBybitBook(piece: string): string {
  const line = piece.split("\n").find((each) => each.includes("orderbook."));
  if (line === undefined) return piece;
  const frame = JSON.parse(line) as { readonly data: string };
  const delta = JSON.parse(frame.data) as { readonly data: { readonly u: number } };
  const data = { ...delta.data, u: delta.data.u - 1 };
  const snapshot = { ...frame, data: JSON.stringify({ ...delta, type: "snapshot", data }) };
  return `${JSON.stringify(snapshot)}\n${piece}`;
}

const only = (text: string, holds: (line: string) => boolean): string =>
  [...shortLines(text)].filter(holds).join("\n");

const isFlow = (line: string): boolean => /depthUpdate|"trade"/.test(line);
const isOurs = (line: string): boolean => /(?:orderbook\.\d+|publicTrade)\.BTCUSDT/.test(line);

export async function frameSeeds(): Promise<string[]> {
  const bybit = unpacked(FRAMES.bybit);
  const connects = only(bybit, (line) => line.startsWith('{"t":"connect"'));
  const head = `${grid("BTCUSDT", "linear")}\n${grid("BTCUSDT", "spot")}\n${connects}\n`;
  const frames = only(bybit, (line) => line.startsWith('{"t":"recv"') && isOurs(line));
  return [
    BYBIT_FRAMES,
    BYBIT_ARCHIVE,
    BINANCE,
    ...pieces(only(unpacked(FRAMES.binance), isFlow), 12, 6, 2_000).map(withBinanceBook),
    ...pieces(unpacked(FRAMES.binance), 12, 2, 5_000).map(withBinanceBook),
    ...pieces(only(unpacked(FRAMES.spot), isFlow), 12, 4, 2_000).map(withBinanceBook),
    ...pieces(frames, 12, 6, 20).map((piece) => head + withBybitBook(piece)),
    ...pieces(unpacked(FRAMES.archive), 8, 4, 20).map((piece) => `${BYBIT_ARCHIVE}\n${piece}`),
  ];
}

const NAME = "AMZN_2012-06-21_34200000_57600000";
const LOBSTER = [
  `> ${NAME}_message_1.csv`,
  "34200.017459617,5,0,1,2238200,-1",
  "34200.18960767,1,11885113,21,2238100,1",
  "34200.190226476,4,11885113,21,2238100,1",
  `> ${NAME}_orderbook_1.csv`,
  "2239500,100,2231800,100",
  "2239500,100,2238100,21",
  "2239500,100,2231800,100",
].join("\n");
const TARDIS = "exchange,symbol,timestamp,local_timestamp";
const tardis = (micros: number, rest: string): string =>
  `binance-futures,BTCUSDT,${1_585_699_200_000_000 + micros},${1_585_699_200_002_000 + micros},${rest}`;
const TABLE_SEEDS = [
  LOBSTER,
  [
    `${TARDIS},is_snapshot,side,price,amount`,
    tardis(100, "true,bid,6419.0,1.5"),
    tardis(100, "true,ask,6419.5,2"),
    tardis(200, "false,bid,6419.1,0.5"),
    tardis(300, "false,ask,6419.5,0"),
  ],
  [`${TARDIS},id,side,price,amount`, tardis(100, "1,buy,6419.5,0.1"), tardis(150, "2,sell,6419,1")],
  [
    `${TARDIS},ask_amount,ask_price,bid_price,bid_amount`,
    tardis(100, "2,6419.5,6419.0,1.5"),
    tardis(200, "2,6419.5,6419.1,1.5"),
  ],
  [
    "id,timestamp,exchange.timestamp,price,volume,action,direction",
    "65595247,1430438404518,1430438404000,236.47,200000000,created,bid",
    "65595247,1430438404635,1430438404000,236.47,178855669,changed,bid",
    "65595248,1430438404637,1430438404000,236.97,178855669,created,ask",
    "65595247,1430438404639,1430438404000,236.47,0,deleted,bid",
  ],
  [
    '1430438404518 order_book {"bids": [["236.40", "1.5"]], "asks": [["236.90", "2"]]}',
    '1430438404519 order_created {"price": "236.47", "amount": "2.00000000", "datetime": "1430438404", "id": 65595247, "order_type": 0}',
    '1430438404635 order_changed {"price": "236.47", "amount": "1.78855669", "datetime": "1430438404", "id": 65595247, "order_type": 0}',
    '1430438404636 trade {"price": 236.47, "amount": 0.5, "id": 77}',
    '1430438404637 order_deleted {"price": "236.47", "amount": "0.00000000", "datetime": "1430438340", "id": 65595247, "order_type": 0}',
  ],
  [
    "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
    "1733011200.1234,XRPUSDT,Buy,10,1.9531,PlusTick,a-1,1.9e+09,1,1.9",
    "1733011200.1235,XRPUSDT,Sell,3,1.9530,MinusTick,a-2,1.9e+09,1,1.9",
  ],
  [
    "id,timestamp,price,volume,side",
    "1,1733011200123,1.9531,10,buy",
    "2,1733011200124,1.9532,3,sell",
  ],
].map((seed) => (typeof seed === "string" ? seed : seed.join("\n")));

export async function tableSeeds(): Promise<string[]> {
  const join = (name: string, text: string): string =>
    `> ${name}\n${pieces(text, 12, 1, 0)[0] ?? ""}\n`;
  const lobster = existsSync(TABLES.lobster)
    ? [
        join(`${NAME}_message_1.csv`, unpacked(TABLES.lobster, "message")) +
          join(`${NAME}_orderbook_1.csv`, unpacked(TABLES.lobster, "orderbook")),
      ]
    : [];
  const coinbase = unpacked(TABLES.coinbase);
  const head =
    coinbase.slice(0, coinbase.indexOf("\n") + 1) +
    `x,"[['8042.91', '10.6']]","[['8042.90', '1']]",,,,,,BTC-USD,,,,,,,,snapshot\n`;
  const tables = [TABLES.asks, TABLES.bids, TABLES.updates].map((path) => unpacked(path));
  return [
    ...TABLE_SEEDS,
    ...lobster,
    ...pieces(coinbase, 14, 4, 1_000).map((piece) => head + piece),
    ...(tables[0] === "" ? [] : [tables.map((text) => pieces(text, 8, 1, 0)[0] ?? "").join("\n")]),
  ];
}
