/**
 * Answer: what comes back for a request, before a transport puts its envelope around it.
 */
import type { ExchangeFault } from "../exchange-types.ts";

export interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
  /** Text: JSON already. */
  readonly result: object | string;
  readonly extInfo: object;
}

const NOTHING = Object.freeze({});

export const done = (result: object | string = NOTHING, retMsg = "OK"): Answer => ({
  retCode: 0,
  retMsg,
  result,
  extInfo: NOTHING,
});

export const refused = (fault: ExchangeFault): Answer => ({
  retCode: fault.retCode,
  retMsg: fault.retMsg,
  result: NOTHING,
  extInfo: NOTHING,
});

/** A page, of records that are JSON already. */
export const page = (records: readonly string[], cursor: string, category: string): Answer =>
  done(
    `{"list":[${records.join(",")}],"nextPageCursor":${JSON.stringify(cursor)},` +
      `"category":"${category}"}`,
  );

const NOTHING_TEXT = "{}";

export const textOf = (value: object | string): string => {
  if (typeof value === "string") return value;
  return value === NOTHING ? NOTHING_TEXT : JSON.stringify(value);
};

/** The body of a REST answer. */
export const restBody = (answer: Answer, nowMs: number): string =>
  `{"retCode":${answer.retCode},"retMsg":${JSON.stringify(answer.retMsg)},` +
  `"result":${textOf(answer.result)},` +
  `"retExtInfo":${textOf(answer.extInfo)},"time":${nowMs}}`;
