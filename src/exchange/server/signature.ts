/**
 * Signature: whether a request was signed with the secret of the key it names.
 *
 * What must stay true: the comparison takes as long for a wrong signature as for a right one, and a
 * secret is in no text that this file makes.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { AccountIdentity, Permission } from "../protocol/account-answers.ts";

export interface ServerAccount {
  readonly uid: string;
  readonly apiKey: string;
  readonly secret: string;
  /** [trade] */
  readonly permission?: Permission;
}

export interface Key {
  readonly account: number;
  readonly identity: AccountIdentity;
  isSigned(text: string, signature: string): boolean;
}

const HEX = /^[0-9a-f]{64}$/i;

class SecretKey implements Key {
  readonly account: number;
  readonly identity: AccountIdentity;
  readonly #secret: KeyObject;

  constructor(account: number, { uid, apiKey, secret, permission }: ServerAccount) {
    this.account = account;
    this.identity = { uid, apiKey, permission: permission ?? "trade" };
    this.#secret = createSecretKey(secret, "utf8");
  }

  isSigned(text: string, signature: string): boolean {
    if (!HEX.test(signature)) return false;
    const expected = createHmac("sha256", this.#secret).update(text).digest();
    return timingSafeEqual(expected, Buffer.from(signature, "hex"));
  }
}

export class Keys {
  /** By number of account. */
  readonly identities: readonly AccountIdentity[];
  readonly #keys: ReadonlyMap<string, Key>;

  constructor(accounts: readonly ServerAccount[]) {
    const keys = accounts.map((account, index) => new SecretKey(index, account));
    this.identities = keys.map(({ identity }) => identity);
    this.#keys = new Map(keys.map((key) => [key.identity.apiKey, key]));
  }

  find(apiKey: string): Key | undefined {
    return this.#keys.get(apiKey);
  }
}

/** What a stream's client signs when it comes. */
export const streamText = (expires: number): string => `GET/realtime${expires}`;

/** Bybit's rule: no older than its window allows, and at most a second ahead. */
export const isInWindow = (sentMs: number, nowMs: number, windowMs: number): boolean =>
  nowMs - windowMs <= sentMs && sentMs < nowMs + 1_000;
