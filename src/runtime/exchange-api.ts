/**
 * `arrival/exchange`: the local exchange, for tests and tools of other projects.
 *
 * It runs in the process that starts it, listens on this machine alone unless told otherwise, and
 * is gone when closed. Money in it is nobody's.
 */
export {
  type ExchangeAccess,
  type ExchangeAccountOptions,
  type ExchangeOptions,
  ExchangeStartError,
  type LocalExchange,
  type RateLimitSetting,
  startExchange,
} from "./local-exchange.ts";
