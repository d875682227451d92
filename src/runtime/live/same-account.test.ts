/**
 * Which accounts count as one. What is lost if this fails: a run is gone on with where nobody knows
 * its orders, and sends them again.
 */
import { describe, expect, it } from "vitest";
import { Credentials } from "../../venues/bybit/credentials.ts";
import { hostsOf } from "../../venues/bybit/hosts.ts";
import { identityOf } from "../../venues/bybit/identity.ts";
import { accountDiffers, accountJson } from "./same-account.ts";

const KEYS = new Credentials("key-of-account-1", "secret-0123456789");
const OTHER = new Credentials("key-of-account-2", "secret-0123456789");
const at = (url: string) => {
  const hosts = hostsOf("local", url);
  if (!hosts.ok) throw new Error(hosts.error.text);
  return hosts.value;
};
const LOCAL = at("http://127.0.0.1:8080");
const mainnet = hostsOf("mainnet");
if (!mainnet.ok) throw new Error("no hosts");
const MAINNET = mainnet.value;
const key = (uid: string, createdAt = "2026-05-01T00:00:00Z") => ({ uid, createdAt });
const header = (identity: ReturnType<typeof identityOf>) => ({
  account: JSON.parse(JSON.stringify(accountJson(identity))) as unknown,
});

describe("the account that a run is gone on with", () => {
  it("is the same by its number, whatever key opens it", () => {
    const was = header(identityOf(MAINNET, KEYS, key("77")));
    expect(accountDiffers(was, identityOf(MAINNET, OTHER, key("77", "later")))).toBeUndefined();
    expect(accountDiffers(was, identityOf(MAINNET, KEYS, key("78")))).toBe(
      "it was of account 77 at api.bybit.com, this is account 78 at api.bybit.com",
    );
  });

  it("is the same by its key alone, where the venue tells no number", () => {
    const was = header(identityOf(MAINNET, KEYS, undefined));
    expect(accountDiffers(was, identityOf(MAINNET, KEYS, undefined))).toBeUndefined();
    expect(accountDiffers(was, identityOf(MAINNET, KEYS, key("77")))).toBeUndefined();
    expect(accountDiffers(was, identityOf(MAINNET, OTHER, undefined))).toMatch(/key hash [0-9a-f]/);
  });

  it("is another at another address, and at a local exchange that was begun anew", () => {
    const was = header(identityOf(LOCAL, KEYS, key("77")));
    const there = (url: string, since?: string) =>
      accountDiffers(was, identityOf(at(url), KEYS, key("77", since)));
    expect(there("http://localhost:8080")).toBeUndefined();
    expect(there("http://127.0.0.1:8081")).toMatch(
      /127\.0\.0\.1:8080, this is .*127\.0\.0\.1:8081/,
    );
    expect(there("http://127.0.0.1:8080", "2026-05-02T00:00:00Z")).toMatch(/since 2026-05-02/);
  });

  it("tells neither key nor secret", () => {
    const told = JSON.stringify([
      identityOf(MAINNET, KEYS, undefined),
      accountDiffers(
        header(identityOf(MAINNET, KEYS, undefined)),
        identityOf(LOCAL, OTHER, key("1")),
      ),
    ]);
    expect(told).not.toMatch(/key-of|secret-/);
  });

  it("is not asked for where the journal does not say, and must be one where it does", () => {
    expect(accountDiffers({}, identityOf(MAINNET, KEYS, key("1")))).toBeUndefined();
    expect(accountDiffers(header(identityOf(MAINNET, KEYS, key("1"))), undefined)).toMatch(
      /no accounts/,
    );
    expect(accountDiffers({ account: 7 }, identityOf(MAINNET, KEYS, key("1")))).toMatch(
      /known way/,
    );
  });
});
