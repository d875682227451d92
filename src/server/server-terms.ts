/**
 * Server terms: what a server is opened with, what it is while it is open, and its faults.
 */
import type { Desk } from "../runtime/desk/desk-terms.ts";
import type { Access } from "./access.ts";
import type { SessionTimes } from "./sessions.ts";
import type { Telemetry } from "./telemetry-terms.ts";

export interface ServerFault {
  /** `SERVER_…`, or the code of what refused it. */
  readonly code: string;
  readonly text: string;
}

/** A fault, and the status that it is told with. */
export interface Refusal extends ServerFault {
  readonly status: number;
}

export interface ServerOptions {
  readonly desk: Desk;
  readonly access: Access;
  /** An address to listen at; others than this machine's own need `tls` or `isBehindTls`. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Somebody before us speaks TLS, and is the only one who can reach us. */
  readonly isBehindTls?: boolean;
  /** `NAME` or `NAME:PORT`: what it is called by from outside, besides its own address. */
  readonly names?: readonly string[];
  /** Decimal text, quote coin: an order worth more needs a second person's word. */
  readonly secondApproval?: string | undefined;
  readonly isReadOnly?: boolean;
  /** Where what waits for a second person is kept; absent: the desk's folder. */
  readonly privateFolder?: string;
  /** Folder of the built page. */
  readonly page: string;
  /** Lines of JSON; absent: nothing is logged. */
  readonly log?: { write(line: string): void } | undefined;
  /** Told of each request, and where metrics are read. */
  readonly telemetry?: Telemetry | undefined;
  /** Of one thing to one viewer, a second, at most: 1 to 200. */
  readonly updatesPerSecond?: number;
  readonly mostViewers?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly sessions?: SessionTimes;
}

export interface Server {
  /** Where a browser finds it. */
  readonly url: string;
  readonly viewers: number;
  close(): Promise<void>;
}

export const DEFAULT_PORT = 8_770;
export const MOST_UPDATES = 200;
export const BODY_BYTES = 65_536;

export const refusal = (status: number, code: string, text: string): Refusal => ({
  status,
  code,
  text,
});
