/**
 * Doctor, streams: whether each of the venue's streams can be opened, and how long it takes.
 *
 * Each is opened as a session opens it, up to the first answer, and left again. What must stay
 * true: a check ends in the given time, whatever the other side does.
 */
import type { ContractKind } from "../core/domain/instrument.ts";
import type { LocalClock } from "../data/recorder/clock.ts";
import { StreamLink } from "../data/recorder/stream-link.ts";
import { type Credentials, redactor } from "../venues/bybit/credentials.ts";
import { type Hosts, publicStream } from "../venues/bybit/hosts.ts";
import { streamSignature } from "../venues/bybit/signing.ts";
import {
  authFrame,
  meaningOf,
  parsePrivateFrame,
  parseTradeFrame,
  subscribeFrame,
} from "../venues/bybit/wire.ts";
import { quoted } from "../venues/bybit/wire-value.ts";
import type { Finding } from "./doctor.ts";

export interface StreamChecks {
  readonly hosts: Hosts;
  readonly credentials: Credentials | undefined;
  readonly category: ContractKind;
  readonly symbol: string;
  readonly clock: LocalClock;
  /** Milliseconds since 1970 by the venue's clock. */
  readonly venueNowMs: () => number;
  readonly timeoutMs: number;
}

/** What a frame says to what was sent: yes, no and why, or nothing. */
type Verdict =
  { readonly isOk: boolean; readonly text: string; readonly todo?: string } | undefined;

interface StreamCheck {
  readonly about: string;
  readonly url: string;
  readonly greeting: string;
  readonly judge: (text: string) => Verdict;
  /** Of a stream that works. */
  readonly does: string;
}

/** How long a signature for a stream holds. */
const AUTH_MS = 10_000;
const RELOAD = "check the network: a firewall or a proxy may not let websockets through";

export async function checkStreams(checks: StreamChecks): Promise<Finding[]> {
  const { hosts, credentials } = checks;
  const found = [open(publicCheck(checks), checks)];
  if (credentials !== undefined) {
    found.push(open(privateCheck(checks, credentials), checks));
    if (hosts.tradeStream !== undefined) {
      found.push(open(tradeCheck(checks, credentials, hosts.tradeStream), checks));
    }
  }
  const findings = await Promise.all(found);
  if (hosts.tradeStream === undefined) {
    findings.push({
      about: "order entry",
      severity: "note",
      text: `${hosts.network} has no stream for order entry: orders go over REST, which is slower`,
    });
  }
  return findings;
}

function publicCheck({ hosts, category, symbol }: StreamChecks): StreamCheck {
  return {
    about: "public stream",
    url: publicStream(hosts, category),
    greeting: subscribeFrame([`orderbook.50.${symbol}`], "doctor"),
    does: "brings a book",
    judge: (text) => {
      // The book's own frames are large, and their content is not what is asked for here.
      if (text.includes('"topic":"orderbook.')) return { isOk: true, text: "" };
      const frame = parsePrivateFrame(text);
      if (!frame.ok || frame.value.kind !== "answer" || frame.value.isOk) return undefined;
      return { isOk: false, text: frame.value.text, todo: "check the symbol and its category" };
    },
  };
}

const privateCheck = (checks: StreamChecks, credentials: Credentials): StreamCheck => ({
  about: "private stream",
  url: checks.hosts.privateStream,
  greeting: authOf("private", checks, credentials),
  does: "knows the key",
  judge: (text) => {
    const frame = parsePrivateFrame(text);
    if (!frame.ok || frame.value.kind !== "answer" || frame.value.op !== "auth") return undefined;
    return { isOk: frame.value.isOk, text: frame.value.text, todo: KEY_TODO };
  },
});

const tradeCheck = (checks: StreamChecks, credentials: Credentials, url: string): StreamCheck => ({
  about: "order entry",
  url,
  greeting: authOf("trade", checks, credentials),
  does: "takes orders of the key",
  judge: (text) => {
    const frame = parseTradeFrame(text);
    if (!frame.ok || frame.value.kind !== "answer" || frame.value.op !== "auth") return undefined;
    const { retCode, retMsg } = frame.value;
    return { isOk: meaningOf(retCode) === "done", text: `${retCode} ${retMsg}`, todo: KEY_TODO };
  },
});

const KEY_TODO = "check that the key is of this network, and that its secret is whole";

function authOf(stream: "private" | "trade", checks: StreamChecks, of: Credentials): string {
  const expiresMs = checks.venueNowMs() + AUTH_MS;
  return authFrame(stream, of.key, expiresMs, streamSignature(of, expiresMs), "doctor");
}

/** Opens, says the greeting, waits for the verdict, and leaves. */
function open(check: StreamCheck, checks: StreamChecks): Promise<Finding> {
  const { clock, timeoutMs, credentials } = checks;
  const { about, url, greeting, judge, does } = check;
  const redact = redactor(credentials);
  const said = (words: string): string => quoted(redact(words), 200);
  const began = performance.now();
  let openedAt = began;
  return new Promise((resolve) => {
    const timer = setTimeout(
      () =>
        end({ severity: "problem", text: `${url} said nothing in ${timeoutMs} ms`, todo: RELOAD }),
      timeoutMs,
    );
    const end = (finding: Omit<Finding, "about">): void => {
      clearTimeout(timer);
      link.close();
      resolve({ about, ...finding });
    };
    const link = new StreamLink(
      {
        url,
        greetings: [greeting],
        heartbeat: undefined,
        pace: { handshakeMs: timeoutMs, spacingMs: 0, heartbeatMs: 60_000, silenceMs: 120_000 },
        clock,
      },
      {
        opened: () => (openedAt = performance.now()),
        ended: (reason) =>
          end({
            severity: "problem",
            text: `${url} cannot be used: ${said(reason)}`,
            todo: RELOAD,
          }),
        frame: (text) => {
          const verdict = judge(text);
          if (verdict === undefined) return;
          if (verdict.isOk) {
            const connectMs = Math.round(openedAt - began);
            const answerMs = Math.round(performance.now() - openedAt);
            const took = `connected in ${connectMs} ms, answered in ${answerMs} ms`;
            end({ severity: "ok", text: `${does}: ${took}`, figures: { connectMs, answerMs } });
          } else {
            const { text: words, todo } = verdict;
            end({
              severity: "problem",
              text: `${url} answers ${said(words)}`,
              ...(todo === undefined ? {} : { todo }),
            });
          }
        },
      },
    );
  });
}
