/**
 * Coins: which assets a text speaks of, by their names and tickers.
 *
 * Needed twice: to keep what concerns the instrument, and to hide which one it is from a model that
 * may have read how the day ended. What must stay true: a word of everyday English is no coin by
 * itself: such tickers count in capitals alone, and such names not at all.
 */
export interface Coin {
  readonly ticker: string;
  /** Further tickers and names; in any case of letters, but for those that are all capitals. */
  readonly names: readonly string[];
}

/** The largest, and those that news speak of most; no list is whole. */
export const COINS: readonly Coin[] = [
  ["BTC", "XBT", "WBTC", "bitcoin", "bitcoins", "satoshi", "satoshis"],
  ["ETH", "WETH", "STETH", "ethereum", "ether", "vitalik"],
  ["USDT", "tether"],
  ["USDC", "usd coin"],
  ["XRP", "ripple"],
  ["BNB", "binance coin"],
  ["SOL", "solana"],
  ["DOGE", "dogecoin"],
  ["ADA", "cardano"],
  ["TRX", "tron"],
  ["TON", "toncoin"],
  ["AVAX", "avalanche"],
  ["SHIB", "shiba inu"],
  ["DOT", "polkadot"],
  ["LINK", "chainlink"],
  ["BCH", "bitcoin cash"],
  ["BSV", "bitcoin sv"],
  ["LTC", "litecoin"],
  ["NEAR", "near protocol"],
  ["POL", "MATIC", "polygon"],
  ["UNI", "uniswap"],
  ["ICP", "internet computer"],
  ["APT", "aptos"],
  ["SUI", "sui network"],
  ["ETC", "ethereum classic"],
  ["XLM", "stellar lumens"],
  ["XMR", "monero"],
  ["ATOM", "cosmos hub"],
  ["FIL", "filecoin"],
  ["ARB", "arbitrum"],
  ["OP", "optimism mainnet"],
  ["HBAR", "hedera"],
  ["VET", "vechain"],
  ["INJ", "injective"],
  ["AAVE", "aave protocol"],
  ["MKR", "maker dao", "makerdao"],
  ["ALGO", "algorand"],
  ["PEPE", "pepe coin", "pepecoin"],
  ["WIF", "dogwifhat"],
  ["BONK", "bonk coin"],
  ["HYPE", "hyperliquid"],
  ["TAO", "bittensor"],
  ["KAS", "kaspa"],
  ["ENA", "ethena"],
  ["LDO", "lido dao"],
  ["CRV", "curve dao"],
  ["SEI", "sei network"],
  ["TIA", "celestia"],
  ["ZEC", "zcash"],
  ["DASH", "dash coin"],
  ["XTZ", "tezos"],
  ["EOS", "eosio"],
  ["LUNA", "LUNC", "terra luna"],
  ["FTT", "ftx token"],
  ["MNT", "mantle network"],
  ["CRO", "cronos chain"],
  ["XAU", "XAUT", "PAXG", "gold"],
  ["XAG", "silver"],
].map(([ticker = "", ...names]) => ({ ticker, names }));

const QUOTES = "USDT|USDC|USDE|USD|PERP|EUR|BTC|ETH";

/** The coin that an instrument such as BTCUSDT or BTC-PERP is of; unknown ones by their ticker. */
export function coinOf(instrument: string): Coin {
  const plain = instrument.toUpperCase().split(/[^A-Z0-9]/, 1)[0]!;
  const base = new RegExp(`^(?:1000+)?([A-Z0-9]{2,15}?)(?:${QUOTES})?$`).exec(plain)?.[1] ?? plain;
  return COINS.find((coin) => tickersOf(coin).includes(base)) ?? { ticker: base, names: [] };
}

const isTicker = (name: string): boolean => /^[A-Z0-9]+$/.test(name);
const tickersOf = ({ ticker, names }: Coin): readonly string[] => [
  ticker,
  ...names.filter((name) => isTicker(name)),
];

const BEFORE = String.raw`(?<![\p{L}\p{N}])`;
const AFTER = String.raw`(?![\p{L}\p{N}])`;

/** "bitcoin cash" is to be found before "bitcoin". */
const longestFirst = (a: string, b: string): number => b.length - a.length;

/** How coins are written; the first group that is there is the name or ticker. */
function patternsOf(coins: readonly Coin[]): readonly RegExp[] {
  const tickers = coins.flatMap(tickersOf).sort(longestFirst).join("|");
  const names = coins
    .flatMap((coin) => coin.names.filter((name) => !isTicker(name)))
    .sort(longestFirst)
    .join("|");
  const pair = `(?:1000+)?(${tickers})(?:[-/_]?(?:${QUOTES})(?:[-.]?P(?:ERP)?)?)?`;
  const tag = `[$#](${tickers})|(${tickers})[-/_]?(?:USDT|USDC|USD|PERP)`;
  return [
    ...(names === "" ? [] : [new RegExp(`${BEFORE}#?(${names})(?:['’]s)?${AFTER}`, "giu")]),
    new RegExp(`${BEFORE}[$#]?${pair}${AFTER}`, "gu"),
    // As a tag, or with its quote, it is meant however it is written.
    new RegExp(`${BEFORE}(?:${tag})${AFTER}`, "giu"),
  ];
}

const KNOWN = patternsOf(COINS);
const TICKER_OF: ReadonlyMap<string, string> = new Map(
  COINS.flatMap(({ ticker, names }) =>
    [ticker, ...names].map((name) => [name.toLowerCase(), ticker] as const),
  ),
);

/** Tickers that nobody here knows, but that stand as one: $WLD, WLDUSDT. */
const UNKNOWN = new RegExp(
  `${BEFORE}(?:\\$[A-Za-z][A-Za-z0-9]{1,9}|[A-Z0-9]{2,10}[-/_]?(?:USDT|USDC|PERP))${AFTER}`,
  "gu",
);

/** Each coin that the text speaks of replaced, by whether it is `coin`. */
export function replaceCoins(text: string, coin: Coin, by: (isOurs: boolean) => string): string {
  const own = TICKER_OF.has(coin.ticker.toLowerCase()) ? [] : patternsOf([coin]);
  const masked = own.reduce((rest, pattern) => rest.replaceAll(pattern, () => by(true)), text);
  return KNOWN.reduce(
    (rest, pattern) =>
      rest.replaceAll(pattern, (_, ...groups: unknown[]) => {
        const name = groups.find((group) => typeof group === "string") as string;
        return by(TICKER_OF.get(name.toLowerCase()) === coin.ticker);
      }),
    masked,
  ).replaceAll(UNKNOWN, () => by(false));
}

export interface CoinsSpokenOf {
  readonly ours: boolean;
  readonly others: boolean;
}

export function coinsIn(text: string, coin: Coin): CoinsSpokenOf {
  const found = { ours: false, others: false };
  replaceCoins(text, coin, (isOurs) => {
    found[isOurs ? "ours" : "others"] = true;
    return " ";
  });
  return found;
}
