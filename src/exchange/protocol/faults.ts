/**
 * Faults: what the exchange's server itself refuses, in Bybit's numbers and words.
 *
 * The core has its own for orders and accounts; here is what goes wrong before a request reaches
 * it. What must stay true: a number that clients act on (10002, 10003, 10004, 10006) means here
 * what it means there.
 */
import type { ExchangeFault } from "../exchange-types.ts";

export const fault = (retCode: number, retMsg: string): ExchangeFault => ({ retCode, retMsg });

/** 10001 is the number of every malformed parameter; only the words tell which. */
export const parameterFault = (words: string): ExchangeFault => fault(10001, words);

export const MALFORMED = parameterFault("Request parameter error.");
export const ILLEGAL_CATEGORY = parameterFault("params error: Category is invalid");
export const NO_ID = parameterFault("params error: orderId or orderLinkId is required");
export const KEY_INVALID = fault(10003, "API key is invalid.");
export const PERMISSION_DENIED = fault(
  10005,
  "Permission denied, please check your API key permissions.",
);
export const TOO_MANY_VISITS = fault(10006, "Too many visits. Exceeded the API Rate Limit.");
export const NOT_AUTHENTICATED = fault(10007, "User authentication failed.");
export const SERVER_ERROR = fault(10016, "Server error.");
export const ROUTE_NOT_FOUND = fault(10017, "Route not found.");
export const OPERATION_NOT_FOUND = fault(10404, "op type is not found");
export const CATEGORY_NOT_SUPPORTED = fault(10404, "category is not correct/supported");
export const REPEATED_AUTHENTICATION = fault(20001, "Repeat auth");
export const DUPLICATE_REQUEST_ID = fault(20006, "reqId is duplicated");

/** The time that a request names is out of its window, by the exchange's clock. */
export const outsideWindow = (sent: number, now: number, windowMs: number): ExchangeFault =>
  fault(
    10002,
    "invalid request, please check your server timestamp or recv_window param. " +
      `req_timestamp[${sent}],server_timestamp[${now}],recv_window[${windowMs}]`,
  );

/** Bybit shows what it signed, so that a client can compare; the secret is no part of it. */
export const wrongSignature = (signed: string): ExchangeFault =>
  fault(10004, `error sign! origin_string[${signed.slice(0, 500)}]`);

/** What Bybit has and this exchange has not: said openly, never ignored. */
export const unsupported = (what: string): ExchangeFault =>
  parameterFault(`params error: the local exchange does not support ${what}`);
