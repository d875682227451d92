/**
 * Addresses: what the server may be called by, and which origin is its own.
 *
 * What must stay true: a request whose `Host` is none of the server's names is refused, so that a
 * foreign name that was made to point here (DNS rebinding) reaches nothing; and a page of any
 * other origin can change nothing and watch nothing.
 */
import { isIP } from "node:net";

/** Names of this machine itself, which no foreign page can carry. */
const OWN_NAMES = ["127.0.0.1", "localhost", "[::1]"];

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);

export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

export interface AddressOptions {
  readonly host: string;
  /** `NAME` or `NAME:PORT`: what it is called by from outside. */
  readonly names: readonly string[];
  readonly isSecure: boolean;
}

export class Addresses {
  readonly #options: AddressOptions;
  #hosts: ReadonlySet<string> = new Set();

  constructor(options: AddressOptions) {
    this.#options = options;
  }

  listensAt(port: number): void {
    const { host, names, isSecure } = this.#options;
    const withPort = (name: string): string =>
      port === (isSecure ? 443 : 80) ? name : `${name}:${port}`;
    this.#hosts = new Set([
      ...[...OWN_NAMES, inUrl(host)].map(withPort),
      // A name without a port is one that somebody before us answers for, or ours.
      ...names.flatMap((name) => (/:\d+$/.test(name) ? [name] : [name, withPort(name)])),
    ]);
  }

  knows(host: string | undefined): boolean {
    return host !== undefined && this.#hosts.has(host.toLowerCase());
  }

  /** Whether a page of this origin is the one that this server gave out under that name. */
  isOwn(origin: string, host: string | undefined): boolean {
    const scheme = this.#options.isSecure ? "https" : "http";
    return this.knows(host) && origin === `${scheme}://${host!.toLowerCase()}`;
  }
}
