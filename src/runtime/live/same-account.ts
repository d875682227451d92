/**
 * Same account: whether a run is gone on with where it was begun.
 *
 * On another account, or at another address, nobody knows its orders: they would be told as never
 * arrived, and their quantity would be sent again. What must stay true: where both tell whose it
 * is, and it is not the same, nothing is adopted and nothing is asked of the orders.
 */
import { z } from "zod";
import type { AccountIdentity } from "../../venues/venue.ts";
import type { JournalHeader } from "../journal/journal.ts";

const ACCOUNT = z.object({
  host: z.string(),
  uid: z.string().optional(),
  keyHash: z.string().optional(),
});

/** Plain JSON for the journal's header; undefined: the venue has no accounts. */
export const accountJson = (identity: AccountIdentity | undefined): unknown =>
  identity === undefined ? undefined : { ...identity };

/** @returns in words whose it was and whose it is; undefined: the same, or nobody can tell. */
export function accountDiffers(
  { account }: Pick<JournalHeader, "account">,
  identity: AccountIdentity | undefined,
): string | undefined {
  if (account === undefined) return undefined;
  const parsed = ACCOUNT.safeParse(account);
  if (!parsed.success) return "the journal does not say in a known way whose account it was";
  const was = parsed.data;
  if (identity === undefined) return `it was of ${nameOf(was)}, and this venue has no accounts`;
  return isSame(was, identity)
    ? undefined
    : `it was of ${nameOf(was)}, this is ${nameOf(identity)}`;
}

type Account = z.infer<typeof ACCOUNT> | AccountIdentity;

/** A key may be changed for another of the same account, where the venue tells its number. */
function isSame(a: Account, b: Account): boolean {
  if (a.host !== b.host) return false;
  if (a.uid !== undefined && b.uid !== undefined) return a.uid === b.uid;
  return a.keyHash === b.keyHash;
}

function nameOf({ host, uid, keyHash = "unknown" }: Account): string {
  const account = uid === undefined ? `the account with key hash ${keyHash}` : `account ${uid}`;
  return `${account} at ${host}`;
}
