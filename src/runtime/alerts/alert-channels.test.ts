/**
 * The channels against servers of their own on this machine. What is lost if this fails: an alert
 * that never arrives, or a token that does, where it should not.
 */
import { createHmac } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { formatConfigFaults, parseConfig } from "../config.ts";
import type { AlertMessage, Delivery } from "./alert-channel.ts";
import { openChannels } from "./alert-channels.ts";

const PLANTED = "planted-secret-0123456789";
const folder = mkdtempSync(join(tmpdir(), "arrival-alerts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const MESSAGE: AlertMessage = {
  severity: "critical",
  kind: "kill",
  code: "KILLED",
  text: "killed by ann (ctl): wrong account",
  run: { parentId: "r1", symbol: "BTCUSDT", venue: "bybit" },
  time: "2026-05-01T14:00:00.000Z",
};

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function served(answer: (asked: Asked, response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => (body += String(data)));
    request.on("end", () => {
      const one = { url: request.url ?? "", headers: request.headers, body };
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}` };
}

function alertsOf(alerts: unknown) {
  const config = parseConfig({ alerts });
  if (!config.ok) throw new Error(formatConfigFaults(config.error));
  return config.value.alerts;
}

async function sent(
  alerts: unknown,
  environment: Record<string, string>,
  signal = AbortSignal.timeout(5_000),
): Promise<Delivery> {
  const opened = openChannels(alertsOf(alerts), environment);
  if (!opened.ok) throw new Error(opened.error.text);
  expect(opened.value).toHaveLength(1);
  const delivery = await opened.value[0]!.send(MESSAGE, signal);
  for (const text of [JSON.stringify(delivery), inspect(opened.value, { depth: 9 })]) {
    expect(text).not.toContain(PLANTED);
  }
  return delivery;
}

describe("webhook", () => {
  it("posts JSON, signed so that the receiver can tell that it is ours", async () => {
    const { asked, url } = await served((_, response) => response.writeHead(204).end());
    const environment = { ARRIVAL_ALERT_WEBHOOK_SECRET: PLANTED };
    expect(await sent({ webhook: { url: `${url}/hook` } }, environment)).toEqual({ isSent: true });
    const [{ body, headers }] = asked as [Asked];
    expect(JSON.parse(body)).toEqual({
      text: "[critical] r1 BTCUSDT: killed by ann (ctl): wrong account",
      severity: "critical",
      kind: "kill",
      code: "KILLED",
      message: MESSAGE.text,
      run: MESSAGE.run,
      time: MESSAGE.time,
    });
    const seconds = Date.parse(MESSAGE.time) / 1000;
    const signed = createHmac("sha256", PLANTED).update(`${seconds}.${body}`).digest("hex");
    expect(headers["x-arrival-signature"]).toBe(`t=${seconds},v1=${signed}`);
    expect(JSON.stringify(asked)).not.toContain(PLANTED);
  });

  it("takes an address that is a secret from the environment, and shows it nowhere", async () => {
    const { asked, url } = await served((_, response) => response.writeHead(500).end(PLANTED));
    const environment = { ARRIVAL_ALERT_WEBHOOK_URL: `${url}/services/${PLANTED}` };
    const delivery = await sent({ webhook: { url: "environment" } }, environment);
    expect(asked[0]!.url).toBe(`/services/${PLANTED}`);
    expect(delivery).toMatchObject({ isSent: false, isFinal: false });
  });

  it.each([
    [404, true],
    [302, true],
    [429, false],
    [503, false],
  ])("%i: is final: %s", async (status, isFinal) => {
    const { url } = await served((_, response) =>
      response.writeHead(status, { "retry-after": "7", location: "/elsewhere" }).end(),
    );
    expect(await sent({ webhook: { url } }, {})).toEqual({
      isSent: false,
      isFinal,
      text: `the webhook answered ${status}`,
      retryAfterMs: 7_000,
    });
  });

  it("ends with its signal where the other side is silent, and says so of one that is not there", async () => {
    const { url } = await served(() => undefined);
    expect(await sent({ webhook: { url } }, {}, AbortSignal.timeout(50))).toMatchObject({
      isSent: false,
      text: expect.stringContaining("no answer in time"),
    });
    expect(await sent({ webhook: { url: "http://127.0.0.1:9" } }, {})).toMatchObject({
      isSent: false,
      isFinal: false,
    });
  });

  it("reads no more of an answer than it needs", async () => {
    const { url } = await served((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
      response.on("close", () => clearInterval(timer));
    });
    expect(await sent({ webhook: { url } }, {})).toEqual({ isSent: true });
  });
});

describe("telegram", () => {
  const settings = (server: string) => ({ telegram: { chat: -100123, server } });
  const environment = { ARRIVAL_ALERT_TELEGRAM_TOKEN: PLANTED };

  it("has the bot send a message to the chat", async () => {
    const { asked, url } = await served((_, response) => response.end('{"ok":true,"result":{}}'));
    expect(await sent(settings(url), environment)).toEqual({ isSent: true });
    expect(asked[0]!.url).toBe(`/bot${PLANTED}/sendMessage`);
    expect(JSON.parse(asked[0]!.body)).toEqual({
      chat_id: "-100123",
      text: "[critical] KILLED: r1 BTCUSDT on bybit\nkilled by ann (ctl): wrong account",
      disable_notification: false,
    });
  });

  it("waits as long as it is told, and repeats what the API says, never the token", async () => {
    const flood = {
      ok: false,
      description: `Too Many Requests at /bot${PLANTED}: retry after 3`,
      parameters: { retry_after: 3 },
    };
    const { url } = await served((_, response) =>
      response.writeHead(429).end(JSON.stringify(flood)),
    );
    const delivery = await sent(settings(url), environment);
    expect(delivery).toMatchObject({ isFinal: false, retryAfterMs: 3_000 });
    expect(JSON.stringify(delivery)).toContain("Too Many Requests at /bot[secret]");
    const { url: other } = await served((_, response) =>
      response.writeHead(400).end('{"ok":false,"description":"Bad Request: chat not found"}'),
    );
    expect(await sent(settings(other), environment)).toMatchObject({
      isFinal: true,
      text: "Telegram answered 400 (Bad Request: chat not found)",
    });
  });

  it("is not taken in by what is no answer of the API", async () => {
    const { url } = await served((_, response) => response.end("<html>"));
    expect(await sent(settings(url), environment)).toMatchObject({ isSent: false });
  });
});

describe("email", () => {
  interface Mail {
    readonly from: string;
    readonly to: readonly string[];
    readonly text: string;
  }

  async function mailServer(password: string) {
    const mails: Mail[] = [];
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth({ username, password: given }, _session, done) {
        if (given === password) done(null, { user: username });
        else done(new Error(`wrong password ${given}`));
      },
      onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
        let text = "";
        stream.on("data", (data) => (text += String(data)));
        stream.on("end", () => {
          const from = mailFrom === false ? "" : mailFrom.address;
          mails.push({ from, to: rcptTo.map(({ address }) => address), text });
          done();
        });
      },
    });
    server.on("error", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(() => new Promise<void>((resolve) => void server.close(resolve)));
    return { mails, port: (server.server.address() as AddressInfo).port };
  }

  const settings = (port: number, change: object = {}) => ({
    email: {
      to: ["ops@example.org", "desk@example.org"],
      from: "arrival@example.org",
      host: "127.0.0.1",
      port,
      security: "none",
      user: "arrival",
      ...change,
    },
  });
  const environment = { ARRIVAL_ALERT_SMTP_PASSWORD: PLANTED };

  it("is brought by a mail server, after its password was taken", async () => {
    const { mails, port } = await mailServer(PLANTED);
    expect(await sent(settings(port), environment)).toEqual({ isSent: true });
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      from: "arrival@example.org",
      to: ["ops@example.org", "desk@example.org"],
    });
    expect(mails[0]!.text).toContain("Subject: [critical] KILLED: r1 BTCUSDT on bybit");
    expect(mails[0]!.text).toContain("killed by ann (ctl): wrong account");
    expect(mails[0]!.text).not.toContain(PLANTED);
  });

  it("is not tried again with a wrong password, which is told to nobody", async () => {
    const { mails, port } = await mailServer("another one");
    expect(await sent(settings(port), environment)).toMatchObject({
      isSent: false,
      isFinal: true,
      text: expect.stringContaining("EAUTH"),
    });
    expect(mails).toEqual([]);
  });

  it("says nothing to a server that will not encrypt, where that was asked for", async () => {
    const { mails, port } = await mailServer(PLANTED);
    const delivery = await sent(settings(port, { security: "starttls" }), environment);
    expect(delivery).toMatchObject({ isSent: false });
    expect(mails).toEqual([]);
  });

  it("ends with its signal where the server is silent", async () => {
    const silent = (await import("node:net")).createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    ends.push(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const delivery = await sent(settings(port), environment, AbortSignal.timeout(50));
    expect(delivery).toMatchObject({ isSent: false, isFinal: false });
    connect(port, "127.0.0.1").destroy();
  });
});

describe("what the channels are opened with", () => {
  const problem = (alerts: unknown): string => {
    const config = parseConfig({ alerts });
    return config.ok ? "" : formatConfigFaults(config.error);
  };

  it("refuses addresses that could hold a secret, and settings that say too little", () => {
    for (const url of [
      "https://user:pass@example.org/",
      "https://example.org/?token=1",
      "http://example.org/",
      "file:///etc/passwd",
      "nonsense",
    ]) {
      expect(problem({ webhook: { url } })).toMatch(
        /alerts\.webhook\.url: must be null, or an https/,
      );
    }
    expect(problem({ email: { to: ["ops@example.org"] } })).toBe(
      "alerts.email.from: is needed where `to` is given\n" +
        "alerts.email.host: is needed where `to` is given",
    );
    const open = { to: ["a@b.c"], from: "a@b.c", host: "mail.example.org", security: "none" };
    expect(problem({ email: open })).toMatch(/email\.security: none is for a mail server on this/);
    expect(problem({ email: { to: ["a@b.c\r\nBcc: d@e.f"] } })).toMatch(/list of e-mail addresses/);
    expect(problem({ kinds: ["kill", "everything"] })).toMatch(
      /alerts\.kinds: must be a list of kill/,
    );
    expect(problem({ telegram: { token: PLANTED } })).toMatch(
      /alerts\.telegram\.token: unknown key/,
    );
  });

  it("takes secrets from a file that nobody else can read, and says which one is missing", () => {
    const path = join(folder, "token");
    writeFileSync(path, `${PLANTED}\n`, { mode: 0o600 });
    const config = alertsOf({ telegram: { chat: "@desk" } });
    expect(openChannels(config, { ARRIVAL_ALERT_TELEGRAM_TOKEN_FILE: path })).toMatchObject({
      ok: true,
    });
    chmodSync(path, 0o644);
    const open = openChannels(config, { ARRIVAL_ALERT_TELEGRAM_TOKEN_FILE: path });
    expect(open).toMatchObject({ ok: false, error: { code: "ALERT_SECRET" } });
    expect(JSON.stringify(open)).toContain("chmod 600");
    expect(JSON.stringify(open)).not.toContain(PLANTED);
    expect(openChannels(config, {})).toMatchObject({
      error: { text: expect.stringContaining("ARRIVAL_ALERT_TELEGRAM_TOKEN") },
    });
    expect(openChannels(alertsOf({}), {})).toEqual({ ok: true, value: [] });
  });
});
