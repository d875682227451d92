/**
 * `arrival exchange`: the local exchange, for as long as the command runs.
 *
 * It is for the machine it runs on: no address but loopback is taken, keys are drawn at the start
 * and shown once, and there is no money. Its standard output is the way in, for people or as one
 * line of JSON; what goes on meanwhile is told on standard error.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  ExchangeStartError,
  type ExchangeOptions,
  type LocalExchange,
  type RateLimitSetting,
  startExchange,
} from "../runtime/local-exchange.ts";
import { CommandError, interruptible, note, print, progress } from "./output.ts";

interface Flags {
  readonly market?: readonly string[];
  readonly kind: "recorded" | "reactive";
  readonly speed: number;
  readonly seed?: number;
  readonly history?: number;
  readonly port: number;
  readonly host: string;
  readonly accounts: number;
  readonly balance?: Readonly<Record<string, string>>;
  readonly fees?: NonNullable<ExchangeOptions["fees"]>;
  readonly rateLimits: RateLimitSetting;
  readonly json?: boolean;
}

const DEFAULT_MARKETS = ["linear:BTCUSDT", "linear:ETHUSDT", "spot:BTCUSDT", "inverse:BTCUSD"];
const DEFAULT_PORT = 8899;
const MOST_RATE = 100_000;
const DEFAULT_SEED = 7;
/** What `startExchange` takes where nothing is said. */
const HISTORY_SECONDS = 60;
/** So much of a generated market takes a few seconds to make. */
const NOTED_HOURS = 1;

export function addExchange(program: Command): void {
  program
    .command("exchange")
    .description(
      "runs an exchange on this machine that speaks Bybit v5, for tests and paper trading",
    )
    .option("--market <market...>", "CATEGORY:SYMBOL, or with a recording: CATEGORY:SYMBOL=FILE")
    .addOption(
      new Option("--kind <kind>", "what a recording is to orders")
        .choices(["recorded", "reactive"])
        .default("recorded"),
    )
    .option("--speed <n>", "seconds of the markets in a second, at most", numberIn(1, 1_000), 1)
    .option("--seed <n>", "whose luck, and which keys [keys are drawn]", wholeIn(0, 999_999_999))
    .option("--history <seconds>", "that the markets have lived through [60]", numberIn(0, 86_400))
    .option("--port <n>", "0 takes any that is free", wholeIn(0, 65_535), DEFAULT_PORT)
    .option("--host <address>", "an address of this machine alone", loopback, "127.0.0.1")
    .option("--accounts <n>", "each with keys of its own", wholeIn(1, 1_000), 1)
    .option("--balance <amount>", "COIN=AMOUNT, of each account; may be repeated", balance)
    .option("--fees <rates>", "CATEGORY=MAKER,TAKER as fractions; may be repeated", fees)
    .option("--rate-limits <limits>", "bybit, off, or requests a second", rateLimits, "bybit")
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      const exchange = await started(flags);
      try {
        await interruptible((isInterrupted) => {
          if (flags.json === true) print(`${jsonOf(exchange)}\n`);
          else print(welcome(exchange));
          return stay(exchange, isInterrupted);
        });
      } finally {
        await exchange.close();
      }
      note("closed");
    });
}

const EXAMPLES = `
Without --market: ${DEFAULT_MARKETS.join(", ")}, all generated.

Examples:
  $ arrival exchange
  $ arrival exchange --market linear:BTCUSDT=day.arrival --kind reactive --speed 10
  $ arrival exchange --accounts 2 --balance USDT=100000 --rate-limits off --json
`;

async function started(flags: Flags): Promise<LocalExchange> {
  const seed = flags.seed ?? DEFAULT_SEED;
  const markets = flags.market ?? DEFAULT_MARKETS;
  const hours = ((flags.history ?? HISTORY_SECONDS) * flags.speed) / 3_600;
  if (hours >= NOTED_HOURS) {
    note(
      `the markets first live through ${Number(hours.toFixed(1))} h of their own; ` +
        "--history 0 begins at once",
    );
  }
  const bar = progress("history", 1, false);
  try {
    return await startExchange({
      symbols: markets.map((text) =>
        text.includes("=") ? text : `${text}=generated:seed=${seed}`,
      ),
      market: flags.kind,
      speed: flags.speed,
      accounts: flags.accounts,
      host: flags.host,
      port: flags.port,
      rateLimits: flags.rateLimits,
      onLog: note,
      onHistory: (share) => bar.update(share),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.history === undefined ? {} : { history: flags.history }),
      ...(flags.balance === undefined ? {} : { wallet: flags.balance }),
      ...(flags.fees === undefined ? {} : { fees: flags.fees }),
    });
  } catch (error) {
    if (error instanceof ExchangeStartError) throw new CommandError(error.code, error.message);
    throw error;
  } finally {
    bar.stop();
  }
}

/** The only place where secrets are shown: they are made for this, and end with the command. */
const jsonOf = ({ url, streamUrl, symbols, accounts }: LocalExchange): string =>
  JSON.stringify({
    url,
    streamUrl,
    symbols,
    accounts: accounts.map(({ uid, apiKey, secret }) => ({ uid, apiKey, secret })),
  });

/** For people. */
export function welcome({ url, streamUrl, symbols, accounts }: LocalExchange): string {
  const { apiKey, secret } = accounts[0]!;
  const keys = accounts.map(
    (account) => `  ${account.uid}  key ${account.apiKey}  secret ${account.secret}`,
  );
  const [category, symbol] = symbols[0]!.split(":");
  return `Bybit v5, on this machine and with no money: ${url} and ${streamUrl}
Markets: ${symbols.join(", ")}
Accounts:
${keys.join("\n")}

Arrival:
  export ARRIVAL_BYBIT_KEY=${apiKey} ARRIVAL_BYBIT_SECRET=${secret}
  arrival run --venue bybit --network local --local-url ${url} --category ${category} \\
    --symbol ${symbol} --side buy --quantity 1 --over 10m
bybit-api:
  new RestClientV5({ key: "${apiKey}", secret: "${secret}", baseUrl: "${url}" })
  new WebsocketClient({ market: "v5", wsUrl: "${streamUrl}/v5/public/${category}" })
ccxt:
  const client = new ccxt.pro.bybit({ apiKey: "${apiKey}", secret: "${secret}" });
  client.urls.api.public = client.urls.api.private = "${url}";
  client.urls.api.ws.public.${category} = "${streamUrl}/v5/public/${category}";
  client.urls.api.ws.private.contract = "${streamUrl}/v5/private";
  client.urls.api.ws.private.trade = "${streamUrl}/v5/trade";
  await client.loadHttpProxyAgent();
pybit:
  session = HTTP(api_key="${apiKey}", api_secret="${secret}")
  session.endpoint = "${url}"

Ctrl-C ends it, and its keys with it.
`;
}

const LOOK_MS = 100;
const LOOKS_PER_LINE = 10;

/** Until interrupted. On a terminal one line says how things stand. */
async function stay(exchange: LocalExchange, isInterrupted: () => boolean): Promise<void> {
  const isTerminal = process.stderr.isTTY === true;
  for (let looks = 0; !isInterrupted(); looks += 1) {
    if (isTerminal && looks % LOOKS_PER_LINE === 0) {
      const { openStreams, answered } = exchange.server;
      const behind = Math.floor(exchange.behind);
      process.stderr.write(
        `\r\u001b[K${openStreams} streams open, ${answered} requests answered` +
          (behind > 0 ? `, the markets are ${behind} s behind` : ""),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  if (isTerminal) process.stderr.write("\r\u001b[K");
}

function numberIn(from: number, until: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= from && value <= until) return value;
    throw new InvalidArgumentError(`it must be a number from ${from} to ${until}.`);
  };
}

function wholeIn(from: number, until: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= from && value <= until) return value;
    throw new InvalidArgumentError(`it must be a whole number from ${from} to ${until}.`);
  };
}

/** There are no permissions, no TLS and no bounds on load: it is no service for others. */
function loopback(text: string): string {
  if (text === "localhost" || text === "::1" || /^127(\.\d{1,3}){3}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "the exchange is for this machine alone: 127.0.0.1, ::1 or localhost.",
  );
}

function balance(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const match = /^([A-Z0-9]{1,12})=(\d{1,15}(?:\.\d{1,12})?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be COIN=AMOUNT, as in USDT=100000.");
  return { ...before, [match[1]!]: match[2]! };
}

function fees(text: string, before: Flags["fees"] = {}): Flags["fees"] {
  const rate = String.raw`(-?0(?:\.\d{1,8})?)`;
  const match = new RegExp(`^(linear|inverse|spot)=${rate},${rate}$`).exec(text);
  if (match === null) {
    throw new InvalidArgumentError("it must be CATEGORY=MAKER,TAKER, as in linear=0.0002,0.00055.");
  }
  return { ...before, [match[1]!]: { maker: match[2]!, taker: match[3]! } };
}

function rateLimits(text: string): RateLimitSetting {
  if (text === "bybit" || text === "off") return text;
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= 1 && value <= MOST_RATE) return value;
  throw new InvalidArgumentError(`it must be bybit, off, or a number from 1 to ${MOST_RATE}.`);
}
