/**
 * Wire meaning: what Bybit's code says about a request, for whoever must act on it.
 *
 * The one question that matters: may the order be alive? Only a code that says no in so many words
 * is a refusal; a time-out, a server's fault and a code that nobody knows are of unknown outcome,
 * and the venue is asked what became of the order. What must stay true: no code of Bybit's tables
 * that speaks of a time-out or an internal error is taken for a refusal.
 */
export type Meaning =
  | "done" //            retCode 0: received; the order stream says what became of it
  | "unchanged" //       it is as was asked already: leverage, mode
  | "refused" //         surely not done, and will not be done if asked again
  | "funds" //           refused: the account does not cover it
  | "too-late" //        the order is not open: no more, never, or not yet
  | "duplicate" //       an order with this id exists: ask for it
  | "busy" //            not done; the order is in the works: the same may be asked again
  | "rate-limited" //    not done: too many requests; wait, then it may be asked again
  | "unknown-outcome" // it may have been done: ask, never send it again
  | "credentials" //     the key is wrong, expired, or may not do this
  | "restricted" //      the account, its region or this address may not do this
  | "clock" //           our time is outside of the window
  | "not-trading"; //    the instrument does not trade now

const MEANINGS: Readonly<Record<Exclude<Meaning, "done" | "refused">, readonly number[]>> = {
  unchanged: [34040, 110025, 110026, 110027, 110043],
  funds: [
    30256, 110004, 110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053, 110131,
    170033, 170131,
  ],
  "too-late": [110001, 110008, 110010, 170139, 170142, 170143, 170190, 170213],
  duplicate: [10014, 110072, 170141],
  busy: [30035, 40004, 110079, 110114, 170144, 170191, 170212],
  "rate-limited": [10006, 10018, 10403, 10429, 20003, 170005, 170222],
  "unknown-outcome": [
    429, 10000, 10016, 10019, 170001, 170007, 170032, 170035, 170146, 170147, 170149, 170150,
    170234, 170310, 170311, 3400214,
  ],
  credentials: [-2015, 10003, 10004, 10005, 10007, 10010, 33004],
  restricted: [
    10008, 10009, 10024, 10027, 10028, 10029, 100028, 110067, 110069, 110088, 110123, 110124,
    110125, 110132, 170209, 170219, 170348,
  ],
  clock: [-1, 10002],
  "not-trading": [110063, 110066, 110074, 110095, 170031, 170151, 170157],
};

/** Numbers that Bybit gives to orders, positions and questions: one that is new says no. */
const REFUSALS: readonly (readonly [number, number])[] = [
  [10001, 10999],
  [20000, 20999],
  [30000, 34999],
  [110000, 110999],
  [170000, 170999],
  [176000, 176999],
  [182000, 182999],
  [3100000, 3499999],
];

const TABLE = new Map<number, Meaning>([
  [0, "done"],
  ...Object.entries(MEANINGS).flatMap(([meaning, codes]) =>
    codes.map((code): [number, Meaning] => [code, meaning as Meaning]),
  ),
]);

export function meaningOf(retCode: number): Meaning {
  const known = TABLE.get(retCode);
  if (known !== undefined) return known;
  const says = REFUSALS.some(([from, until]) => retCode >= from && retCode <= until);
  return says ? "refused" : "unknown-outcome";
}

/** Of an answer that is not the API's own JSON: what the HTTP status alone says. */
export function meaningOfStatus(status: number): Meaning {
  if (status === 401) return "credentials";
  // Both come from in front of the service: what was sent never reached it.
  if (status === 403 || status === 429) return "rate-limited";
  if (status === 400 || status === 404 || status === 405 || status === 413) return "refused";
  return "unknown-outcome";
}

/** Whether the venue has surely not done it. */
export const isRefusal = (meaning: Meaning): boolean =>
  meaning !== "done" && meaning !== "unknown-outcome";
