/**
 * Signing: the texts that Bybit wants signed, HMAC-SHA256 in hex.
 *
 * What must stay true: what is signed is what is sent, byte for byte.
 */
import type { Credentials } from "./credentials.ts";

/** `payload`: the query without its question mark, or the body. Times: the venue's clock. */
export const restSignature = (
  credentials: Credentials,
  timestampMs: number,
  recvWindowMs: number,
  payload: string,
): string => credentials.sign(`${timestampMs}${credentials.key}${recvWindowMs}${payload}`);

/** For `auth` on the private and the trade stream. */
export const streamSignature = (credentials: Credentials, expiresMs: number): string =>
  credentials.sign(`GET/realtime${expiresMs}`);
