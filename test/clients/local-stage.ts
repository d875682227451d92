/**
 * Local stage: the local exchange as tests of clients want it, and the clients pointed at it.
 */
import ccxt from "ccxt";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";

/** One market of each kind, fast enough that something trades while a test looks on. */
export const startLocal = (): Promise<LocalExchange> =>
  startExchange({
    symbols: [
      "linear:BTCUSDT=generated:seed=7",
      "spot:BTCUSDT=generated:seed=7",
      "inverse:BTCUSD=generated:seed=7",
    ],
    accounts: 2,
    history: 10,
    rateLimits: "off",
    wallet: { USDT: "1000000", BTC: "20" },
  });

/** As ccxt's users do it: all addresses of the exchange replaced, and an agent for `ws:`. */
export async function ccxtClient(exchange: LocalExchange, account = 0) {
  const { apiKey, secret } = exchange.accounts[account]!;
  const client = new ccxt.pro.bybit({ apiKey, secret, enableRateLimit: false });
  const { url, streamUrl } = exchange;
  client.urls["api"] = {
    ...Object.fromEntries(["spot", "futures", "v2", "public", "private"].map((of) => [of, url])),
    ws: {
      public: Object.fromEntries(
        ["spot", "linear", "inverse", "option"].map((of) => [of, `${streamUrl}/v5/public/${of}`]),
      ),
      private: {
        spot: { unified: `${streamUrl}/v5/private` },
        contract: `${streamUrl}/v5/private`,
        trade: `${streamUrl}/v5/trade`,
      },
    },
  };
  await client.loadHttpProxyAgent();
  return client;
}

export type CcxtClient = Awaited<ReturnType<typeof ccxtClient>>;

/** Until the exchange has heard that somebody listens to a topic: others are not told. */
export async function heard(exchange: LocalExchange, topic: string, before = 0): Promise<void> {
  await until(() => exchange.server.listeners(topic) > before);
}

/** Until ccxt itself waits for what is named so: then it is subscribed, and will not miss it. */
export async function ccxtWaits(
  client: CcxtClient,
  exchange: LocalExchange,
  topic: string,
  name: string,
): Promise<void> {
  await heard(exchange, topic);
  const address = `${exchange.streamUrl}/v5/private`;
  await until(() => Object.keys(client.clients[address]?.futures ?? {}).includes(name));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
