/**
 * Which alerts go out, in virtual time. What is lost if this fails: the one message that mattered,
 * under a thousand that did not; or the run itself, by a channel that hangs.
 */
import { describe, expect, it } from "vitest";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import type { RunAlert } from "./alert.ts";
import type { AlertChannel, AlertMessage, Delivery } from "./alert-channel.ts";
import { DEFAULT_ALERTS } from "./alert-config.ts";
import { AlertDesk, type AlertDeskOptions } from "./alert-desk.ts";

const SENT: Delivery = { isSent: true };
const FAILED: Delivery = { isSent: false, text: "503", isFinal: false };

function stage(
  change: Partial<AlertDeskOptions["settings"]> = {},
  answer: (message: AlertMessage, signal: AbortSignal) => Promise<Delivery> = async () => SENT,
) {
  const time = new VirtualTime();
  const sent: AlertMessage[] = [];
  const problems: string[] = [];
  const channel: AlertChannel = {
    name: "listener",
    async send(message, signal) {
      sent.push(message);
      return answer(message, signal);
    },
  };
  const desk = new AlertDesk({
    channels: [channel],
    settings: { ...DEFAULT_ALERTS, minimum: "info", ...change },
    run: { parentId: "r1", symbol: "BTCUSDT", venue: "paper" },
    timers: time,
    now: () => time.now / 1e6,
    onProblem: (text) => problems.push(text),
  });
  /** Turns of the loop, and so many seconds. */
  const pass = async (seconds: number): Promise<void> => {
    const until = time.now + seconds * 1e9;
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 2_000; turn++) await Promise.resolve();
    };
    await settle();
    while (time.step(until)) await settle();
    time.runTo(until);
    await settle();
  };
  const codes = (): string[] => sent.map(({ code }) => code);
  return { desk, time, sent, problems, pass, codes };
}

const alert = (
  code: string,
  severity: RunAlert["severity"] = "warning",
  text = code,
): RunAlert => ({
  severity,
  code,
  text,
});

describe("the alert desk", () => {
  it("sends what is severe enough and of a kind that was asked for", async () => {
    const at = stage({ minimum: "warning", kinds: ["kill", "shortfall"] });
    at.desk.tell(alert("SHORTFALL", "info"));
    at.desk.tell(alert("SHORTFALL", "warning", "12 bps"));
    at.desk.tell(alert("VENUE_FEED_LOST", "critical"));
    at.desk.tell(alert("KILLED", "critical"));
    await at.pass(1);
    expect(at.codes()).toEqual(["SHORTFALL", "KILLED"]);
    expect(at.sent[0]).toMatchObject({
      kind: "shortfall",
      text: "12 bps",
      run: { parentId: "r1" },
    });
  });

  it("says the same text once a minute, and sums the rest up", async () => {
    const at = stage();
    for (let second = 0; second < 50; second += 5) {
      at.desk.tell(alert("VENUE_FEED_LOST"));
      await at.pass(5);
    }
    expect(at.codes()).toEqual(["VENUE_FEED_LOST"]);
    await at.pass(20);
    expect(at.sent[1]).toMatchObject({ code: "ALERTS_HELD_BACK" });
    expect(at.sent[1]!.text).toContain("9 × VENUE_FEED_LOST");
    at.desk.tell(alert("VENUE_FEED_LOST"));
    await at.pass(1);
    expect(at.codes()).toEqual(["VENUE_FEED_LOST", "ALERTS_HELD_BACK", "VENUE_FEED_LOST"]);
  });

  it("holds a flood back, and lets what is critical through it", async () => {
    const at = stage({ perMinute: 5 });
    for (let n = 0; n < 1000; n++) at.desk.tell(alert("NOISE", "warning", `noise ${n}`));
    at.desk.tell(alert("KILLED", "critical"));
    await at.pass(59);
    expect(at.codes()).toEqual([...Array.from({ length: 5 }, () => "NOISE"), "KILLED"]);
    await at.pass(2);
    expect(at.sent.at(-1)!.text).toContain("995 × NOISE");
    // The allowance fills again.
    at.desk.tell(alert("NOISE", "warning", "later"));
    await at.pass(1);
    expect(at.sent.at(-1)!.text).toBe("later");
  });

  it("tries again what fails in passing, later each time, and gives up with a word", async () => {
    let tries = 0;
    const at = stage({}, async () => (++tries < 3 ? FAILED : SENT));
    at.desk.tell(alert("KILLED", "critical"));
    await at.pass(0.5);
    expect(tries).toBe(1);
    await at.pass(10);
    expect(tries).toBe(3);
    expect(at.problems).toEqual([]);
    const never = stage({}, async () => FAILED);
    never.desk.tell(alert("KILLED", "critical"));
    await never.pass(60);
    expect(never.sent).toHaveLength(4);
    expect(never.problems).toEqual(["alert KILLED was not sent: 503"]);
  });

  it("does not try again what would fail again", async () => {
    const at = stage({}, async () => ({ isSent: false, text: "401", isFinal: true }));
    at.desk.tell(alert("KILLED", "critical"));
    await at.pass(60);
    expect(at.sent).toHaveLength(1);
    expect(at.problems).toEqual(["alert KILLED was not sent: 401"]);
  });

  it("neither throws nor waits where a channel hangs or throws", async () => {
    const hanging = stage(
      { perMinute: 1000 },
      (_, signal) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve(FAILED))),
    );
    for (let n = 0; n < 300; n++) hanging.desk.tell(alert("NOISE", "warning", `${n}`));
    hanging.desk.tell(alert("KILLED", "critical"));
    await hanging.pass(1);
    expect(hanging.sent).toHaveLength(1);
    let unsent = -1;
    const from = hanging.time.now;
    void hanging.desk.close().then((count) => (unsent = count));
    await hanging.pass(2.9);
    expect(unsent).toBe(-1);
    await hanging.pass(0.2);
    expect(unsent).toBe(301);
    expect(hanging.time.now - from).toBeLessThan(3.2e9);
    const throwing = stage({}, () => Promise.reject(new Error("token=planted")));
    throwing.desk.tell(alert("KILLED", "critical"));
    await throwing.pass(60);
    expect(throwing.problems.join()).toMatch(/a fault of the channel/);
    expect(throwing.problems.join()).not.toContain("planted");
  });

  it("loses the least severe first where too many wait", async () => {
    const gate = Promise.withResolvers<Delivery>();
    const at = stage({ perMinute: 1000 }, () => gate.promise);
    at.desk.tell(alert("KILLED", "critical"));
    for (let n = 0; n < 200; n++) at.desk.tell(alert("NOISE", "warning", `${n}`));
    at.desk.tell(alert("RUN_HALTED", "critical"));
    gate.resolve(SENT);
    await at.pass(1);
    expect(at.codes().filter((code) => code !== "NOISE")).toEqual(["KILLED", "RUN_HALTED"]);
    expect(at.codes()).toHaveLength(100);
  });

  it("sends at the end what it held back, and nothing after", async () => {
    const at = stage({ perMinute: 1 });
    at.desk.tell(alert("A"));
    at.desk.tell(alert("B"));
    const closed = at.desk.close();
    await at.pass(0.1);
    expect(await closed).toBe(0);
    at.desk.tell(alert("KILLED", "critical"));
    await at.pass(100);
    expect(at.codes()).toEqual(["A", "ALERTS_HELD_BACK"]);
  });
});
