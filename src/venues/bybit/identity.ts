/**
 * Identity: whose account a key opens, so that a run is gone on with on that account alone.
 *
 * Elsewhere nobody knows the run's orders, and they would be told as never arrived and sent again.
 * What must stay true: neither key nor secret can be found out from it.
 */
import { createHash } from "node:crypto";
import type { AccountIdentity } from "../venue.ts";
import type { Credentials } from "./credentials.ts";
import type { Hosts } from "./hosts.ts";
import type { KeyInfo } from "./wire.ts";

const HASH_LETTERS = 16;
/** Names of this machine by itself. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=:|$)/;

/** @param key undefined: the venue does not tell of it, as on demo accounts. */
export function identityOf(
  { rest, network }: Hosts,
  credentials: Credentials,
  key: Pick<KeyInfo, "uid" | "createdAt"> | undefined,
): AccountIdentity {
  const host = new URL(rest).host.replace(LOOPBACK, "127.0.0.1");
  const digest = createHash("sha256").update(`${host}\n${credentials.key}`).digest("hex");
  const keyHash = digest.slice(0, HASH_LETTERS);
  if (key?.uid === undefined) return { host, keyHash };
  // Local exchanges number their accounts alike, and forget them when they end.
  const isLocal = network === "local" && key.createdAt !== undefined;
  return { host, keyHash, uid: isLocal ? `${key.uid} since ${key.createdAt}` : key.uid };
}
