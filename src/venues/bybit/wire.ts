/**
 * Wire: the pure mapping between Bybit's v5 JSON and ours; the door to the `wire-*` files.
 *
 * No clock, no network, no randomness: text in, values out. Hostile JSON is a `WireFault`
 * ("VENUE_PROTOCOL"), never a throw and never a wrong number. All names exported here are stable:
 *
 * - `Grid`: made once per instrument; the parsers that need ticks and lots take it.
 * - requests: `placeBody`, `amendBody`, `cancelBody`, `batchBody`; `tradeFrame`, `authFrame`,
 *   `subscribeFrame`, `PING`; acknowledgements: `parseAck`, `parseBatchAck`.
 * - frames: `parsePrivateFrame` (its `data` goes to `parseOrders`, `parseExecutions`,
 *   `parsePositions`, `parseWallet`), `parseTradeFrame`.
 * - asked over REST (`result` of an answer): `parseOrderPage`, `parseExecutionPage`,
 *   `parsePositionPage`, `parseWalletBalance`, `parseAccountInfo`, `parseFeeRate`, `parseKeyInfo`,
 *   `parseDcpInfo`, `parseServerTime`, `parseInstrumentRules`.
 * - `meaningOf(retCode)`: what a code says of a request; "unknown-outcome" is never a rejection.
 */
export * from "./wire-account.ts";
export * from "./wire-executions.ts";
export * from "./wire-meaning.ts";
export * from "./wire-orders.ts";
export * from "./wire-requests.ts";
export * from "./wire-stream.ts";
export {
  Fields,
  Grid,
  type Page,
  type Rows,
  type UnreadRow,
  type WireFault,
  wireFault,
} from "./wire-value.ts";
