/**
 * Hosts: the addresses of Bybit's networks.
 *
 * What must stay true: a key goes to the network that it was named for and to no other, and over a
 * connection that nobody on the way can read, unless both ends are on this machine.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { VenueFault } from "../venue.ts";

export const NETWORKS = ["mainnet", "testnet", "demo", "local"] as const;
export type Network = (typeof NETWORKS)[number];

export interface Hosts {
  readonly network: Network;
  /** Such as `https://api.bybit.com`. */
  readonly rest: string;
  /** The public streams' host, such as `wss://stream.bybit.com`: a category's path follows. */
  readonly publicHost: string;
  readonly privateStream: string;
  /** Order entry; undefined where the network has none, so that orders go over REST. */
  readonly tradeStream: string | undefined;
}

export const publicStream = ({ publicHost }: Hosts, category: ContractKind): string =>
  `${publicHost}/v5/public/${category}`;

const of = (network: Network, rest: string, stream: string): Hosts => ({
  network,
  rest,
  publicHost: stream,
  privateStream: `${stream}/v5/private`,
  tradeStream: `${stream}/v5/trade`,
});

const KNOWN = {
  mainnet: of("mainnet", "https://api.bybit.com", "wss://stream.bybit.com"),
  testnet: of("testnet", "https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"),
  demo: {
    ...of("demo", "https://api-demo.bybit.com", "wss://stream-demo.bybit.com"),
    // Demo accounts trade on the true market's data, and not over the trade stream.
    publicHost: "wss://stream.bybit.com",
    tradeStream: undefined,
  },
} satisfies Record<Exclude<Network, "local">, Hosts>;

/** `localUrl`: of the local exchange, such as `http://127.0.0.1:8080`. */
export function hostsOf(network: Network, localUrl?: string): Result<Hosts, VenueFault> {
  if (network !== "local") {
    return localUrl === undefined ? ok(KNOWN[network]) : refuse(`${network} has its own address`);
  }
  if (localUrl === undefined) {
    return refuse("the network local needs the address that `arrival exchange` printed");
  }
  const url = URL.canParse(localUrl) ? new URL(localUrl) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return refuse(`${JSON.stringify(localUrl.slice(0, 100))} is no http address`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.pathname !== "/") {
    return refuse("the address of a local exchange is a host and a port, and nothing else");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    const what = `${url.hostname} is another machine: without https keys can be read on the way`;
    return refuse(`${what}; use https, or an address of this machine`);
  }
  return ok(of("local", url.origin, url.origin.replace(/^http/, "ws")));
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);

const refuse = (text: string): Result<never, VenueFault> =>
  err({ code: "VENUE_UNREACHABLE", text });
