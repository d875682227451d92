/**
 * Exchange access: the accounts that a local exchange opens, and the keys to come in with.
 *
 * What must stay true: a secret is told only to whoever reads `secret`; no text that is made of an
 * account holds it.
 */
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { parseDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { bitsAt, streamOf } from "../core/domain/random.ts";
import type { HostedFault } from "./hosted-source.ts";

/** An account to open; what is not given is made. */
export interface ExchangeAccountOptions {
  readonly uid?: string;
  readonly apiKey?: string;
  readonly secret?: string;
  /** Decimal text by coin, such as `{ USDT: "100000" }`. */
  readonly wallet?: Readonly<Record<string, string>>;
  readonly permission?: "read" | "trade";
}

/** How to come in as an account. Whoever prints it whole does not see the secret. */
export interface ExchangeAccess {
  readonly uid: string;
  readonly apiKey: string;
  readonly secret: string;
}

export interface OpenAccount {
  readonly access: ExchangeAccess;
  readonly wallet: Readonly<Record<string, string>>;
  readonly permission: "read" | "trade";
}

const MOST_ACCOUNTS = 1_000;
const WALLET = { USDT: "1000000", USDC: "1000000", BTC: "10" };
const KEY_LENGTH = 18;
const SECRET_LENGTH = 36;

/**
 * @param accounts how many, or what each is.
 * @param wallet what an account begins with that says nothing of it.
 * @param seed makes the keys that are not given the same each time, which is for tests alone.
 */
export function accountsOf(
  accounts: number | readonly ExchangeAccountOptions[] = 1,
  wallet: Readonly<Record<string, string>> = WALLET,
  seed?: number,
): Result<OpenAccount[], HostedFault> {
  const count = typeof accounts === "number" ? accounts : accounts.length;
  if (!Number.isInteger(count) || count < 1 || count > MOST_ACCOUNTS) {
    return fault(`accounts must be a whole number from 1 to ${MOST_ACCOUNTS}, not ${count}`);
  }
  const made: OpenAccount[] = [];
  for (let k = 0; k < count; k++) {
    const account = typeof accounts === "number" ? {} : accounts[k]!;
    const money = account.wallet ?? wallet;
    for (const [coin, amount] of Object.entries<unknown>(money)) {
      const parsed = parseDecimal(typeof amount === "string" ? amount : "");
      if (parsed.ok && parsed.value.mantissa >= 0n && COIN.test(coin)) continue;
      return fault(
        "a wallet holds coins and amounts in decimal text, as in USDT=1000, " +
          `not ${coin}=${typeof amount === "string" ? amount : JSON.stringify(amount)}`,
      );
    }
    if (account.apiKey === "" || account.secret === "") {
      return fault("an API key or its secret is empty: give both, or neither, and they are made");
    }
    const access = new Access(
      account.uid ?? String(10_000_001 + k),
      account.apiKey ?? keyText(KEY_LENGTH, seed, `key/${k}`),
      account.secret ?? keyText(SECRET_LENGTH, seed, `secret/${k}`),
    );
    made.push({ access, wallet: money, permission: account.permission ?? "trade" });
  }
  const keys = new Set(made.map(({ access }) => access.apiKey));
  return keys.size === made.length ? ok(made) : fault("two accounts have one API key");
}

const COIN = /^[A-Z0-9]{2,20}$/;
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/** A name that nobody guesses; with a seed the same each time, which is for tests alone. */
function keyText(length: number, seed: number | undefined, purpose: string): string {
  const bytes = randomBytes(length);
  let text = "";
  for (let k = 0; k < length; k++) {
    const drawn = seed === undefined ? bytes[k]! : bitsAt(seed, streamOf(purpose), k) >>> 8;
    text += LETTERS[drawn % LETTERS.length];
  }
  return text;
}

class Access implements ExchangeAccess {
  readonly uid: string;
  readonly apiKey: string;
  readonly #secret: string;

  constructor(uid: string, apiKey: string, secret: string) {
    this.uid = uid;
    this.apiKey = apiKey;
    this.#secret = secret;
  }

  get secret(): string {
    return this.#secret;
  }

  toJSON(): object {
    return { uid: this.uid, apiKey: this.apiKey, secret: "(hidden: read .secret)" };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}

const fault = (text: string): Result<never, HostedFault> => err({ code: "EXCHANGE_OPTIONS", text });
