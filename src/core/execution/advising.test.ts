/** What advice does to an order, and what it cannot do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Desk, fillAll, oblige } from "../../../test/laws/desk.ts";
import {
  type Advice,
  ADVISED_ACTIONS,
  type AdviceAnswer,
  type AdviceQuestion,
  type AdviceTerms,
  type NewsItem,
  URGENCY_LEVELS,
} from "../contracts/advice.ts";
import type { ParentOrder } from "../domain/parent-order.ts";
import { addMicros, lots, micros, MINUTE, SECOND } from "../domain/units.ts";

const TERMS: AdviceTerms = {
  interval: MINUTE,
  staleAfter: micros(10 * SECOND),
  mayCancel: false,
  strategies: [],
  envelope: { corridor: 0.1, variation: 0.3, crossing: 0.05 },
  influence: { calm: 1, usual: 1, stressed: 1 },
  influenceSource: "a test",
  mostQuestions: 100,
};
const START = micros(1_700_000_000 * SECOND);
const PARENT: Partial<ParentOrder> = {
  quantity: { kind: "lots", lots: lots(1_000) },
  deadline: addMicros(START, micros(1_000 * SECOND)),
  advice: TERMS,
};
const ADVICE: Advice = {
  action: "proceed",
  confidence: 0.6,
  urgency: "own",
  impactFactor: { value: 1, low: 1, high: 1 },
  reasoning: "because",
  risk: "little",
};

/** A desk whose advisor answers each question at once. */
class AdvisedDesk extends Desk {
  readonly questions: AdviceQuestion[] = [];
  advise: (question: AdviceQuestion) => AdviceAnswer | undefined = () => undefined;
  #told = 0;

  override until(seconds: number): void {
    for (let at = Math.ceil((this.now - START) / SECOND); at <= seconds; at++) {
      super.until(at);
      this.#answer();
    }
  }

  tell(question: AdviceQuestion, answer: AdviceAnswer): void {
    this.step({
      kind: "advice-received",
      time: this.now,
      parentId: question.parentId,
      questionId: question.id,
      answer,
      advisor: "test",
      latency: micros(0),
    });
  }

  #answer(): void {
    for (; this.#told < this.outputs.length; this.#told++) {
      const output = this.outputs[this.#told]!;
      if (output.kind !== "ask-advisor") continue;
      this.questions.push(output.question);
      const answer = this.advise(output.question);
      if (answer !== undefined) this.tell(output.question, answer);
    }
  }
}

const says = (more: Partial<Advice>) => (): AdviceAnswer => ({
  kind: "advice",
  advice: { ...ADVICE, ...more },
  source: "llm",
});

function worked(more: Partial<ParentOrder>, advise: AdvisedDesk["advise"], seconds = 1_001) {
  const desk = new AdvisedDesk();
  desk.answer = fillAll;
  desk.advise = advise;
  desk.submit({ ...PARENT, ...more });
  desk.until(seconds);
  return desk;
}

const plain = (seconds = 1_001) => {
  const { advice: _advice, ...order } = PARENT;
  const desk = new Desk();
  desk.answer = fillAll;
  desk.submit(order);
  desk.until(seconds);
  return desk;
};

const sent = ({ outputs }: Desk) => outputs.filter(({ kind }) => kind === "place-order");

describe("an advised order", () => {
  it("is worked as if nobody were asked where no answer is of use", () => {
    const useless: AdvisedDesk["advise"][] = [
      () => undefined,
      () => ({ kind: "none", reason: "timed-out", text: "10 s" }),
      says({}),
    ];
    for (const advise of useless) {
      const desk = worked({}, advise);
      expect(desk.questions.length).toBeGreaterThan(5);
      expect(sent(desk)).toEqual(sent(plain()));
    }
    const watched = { ...TERMS, influence: { calm: 0, usual: 0, stressed: 0 } };
    const desk = worked({ advice: watched }, says({ action: "accelerate", rate: 2 }));
    expect(sent(desk)).toEqual(sent(plain()));
    expect(desk.outputs.some(({ kind }) => kind === "advice-taken")).toBe(true);
  });

  it("is asked at the start and by the clock, in figures that name nothing", () => {
    const [first, second] = worked({}, () => undefined, 70).questions;
    expect(first).toMatchObject({ id: "p1-q1", cause: "start", strategies: [] });
    expect(first!.actions).not.toContain("cancel");
    expect(second).toMatchObject({ id: "p1-q2", cause: "interval" });
    expect(second!.situation).toMatchInlineSnapshot(`
      {
        "cost": {
          "midBps": 0,
          "shortfallBps": -0.3,
          "vwapBps": -5,
        },
        "market": {
          "far": [
            {
              "bps": 5,
              "share": 0.5,
            },
          ],
          "hours": {
            "isWeekend": false,
            "session": "between",
          },
          "imbalance": 0,
          "near": [
            {
              "bps": -5,
              "share": 0.5,
            },
          ],
          "path": {
            "overCheapestBps": 0,
            "seenSeconds": 40,
            "underDearestBps": 0,
          },
          "regime": "usual",
          "spreadBps": 10,
          "trades": [
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 0,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 1,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 2,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 3,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 4,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 5,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 6,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 7,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 8,
              "share": 0.1,
            },
            {
              "bps": 5,
              "isWithUs": true,
              "secondsAgo": 9,
              "share": 0.1,
            },
          ],
        },
        "news": [],
        "order": {
          "atVenue": 0.01,
          "executed": 0.06,
          "planned": 0.07,
          "secondsLeft": 940,
          "spanSeconds": 1000,
          "strategy": "twap",
          "urgency": 0.5,
        },
        "past": [],
      }
    `);
    expect(JSON.stringify(second!.situation)).not.toMatch(/XYZ|desk|1001|17000/);
  });

  it("goes ahead of its plan as far as the corridor, and ends with it", () => {
    const desk = worked({}, says({ action: "accelerate", rate: 2 }), 500);
    const ahead = desk.state.filled - plain(500).state.filled;
    expect(ahead).toBeGreaterThan(50);
    expect(ahead).toBeLessThanOrEqual(100);
    desk.until(1_001);
    expect(desk.state.phase).toBe("complete");
  });

  it("waits as far as the corridor, and catches up over what is left", () => {
    const desk = worked({}, says({ action: "wait", waitSeconds: 120 }), 500);
    const behind = plain(500).state.filled - desk.state.filled;
    expect(behind).toBeGreaterThan(50);
    expect(behind).toBeLessThanOrEqual(110);
    desk.until(1_001);
    expect(desk.state.filled).toBe(1_000);
  });

  it("is not canceled on advice unless its owner allowed that", () => {
    const kept = worked({}, says({ action: "cancel" }), 100);
    expect(kept.questions[0]!.actions).not.toContain("cancel");
    expect(kept.outputs.some((o) => o.kind === "raise-alert" && o.code === "ADVICE_CANCEL")).toBe(
      true,
    );
    expect(kept.state.closing).toBeUndefined();
    const given = worked(
      { advice: { ...TERMS, mayCancel: true } },
      says({ action: "cancel" }),
      100,
    );
    expect(given.state.phase).toBe("canceled");
    expect(given.state.reason).toContain("on advice");
  });

  it("drops what comes late, twice, or was not asked for", () => {
    const desk = worked({}, () => undefined, 1);
    const [question] = desk.questions;
    const answer = says({})();
    desk.tell({ ...question!, id: "p1-q9" }, answer);
    desk.tell({ ...question!, parentId: "p9" }, answer);
    desk.until(20);
    desk.tell(question!, answer);
    desk.tell(question!, answer);
    const dropped = desk.outputs.flatMap((output) =>
      output.kind === "advice-dropped" ? [output.why] : [],
    );
    expect(dropped).toEqual([
      "not the question that is open",
      "not asked for",
      "too late",
      "not the question that is open",
    ]);
  });

  it("changes its strategy by way of adjusting, where that is allowed", () => {
    const advice = { ...TERMS, strategies: ["twap", "is"] };
    const desk = worked({ advice }, says({ strategy: "is" }));
    expect(desk.timeline.some((line) => line.includes("adjusting: new terms by the advisor"))).toBe(
      true,
    );
    expect(desk.state.phase).toBe("complete");
    const denied = worked({ advice }, says({ strategy: "vwap" }), 100);
    const clamps = denied.outputs.flatMap((o) => (o.kind === "advice-taken" ? o.clamps : []));
    expect(clamps[0]).toMatchObject({ what: "strategy", asked: "vwap", allowed: "twap" });
  });

  it("keeps the plan that it deviates from when it follows another strategy", () => {
    const advice = { ...TERMS, strategies: ["twap", "is"] };
    const desk = worked({ advice }, says({ strategy: "is" }), 100);
    expect(desk.timeline.some((line) => line.includes("adjusting"))).toBe(true);
    expect(desk.state.plan!.from).toBe(START);
  });

  it("earns no more than its influence, however often it is asked, and in whole lots", () => {
    const influence = { calm: 0.5, usual: 0.5, stressed: 0.5 };
    const advice = { ...TERMS, interval: micros(5 * SECOND), influence };
    const asked: Partial<Advice>[] = [
      { action: "wait", waitSeconds: 30 },
      { action: "aggressive", urgency: "highest", proposal: { quantityShare: 1 } },
      { action: "passive", urgency: "lowest" },
    ];
    let turn = 0;
    const urgency = 0.8;
    const desk = worked({ advice, urgency }, () => says(asked[turn++ % asked.length]!)(), 900);
    const { moved, deviation } = desk.state.advised!.envelope;
    expect(moved).toBeGreaterThan(50);
    expect(moved + Math.abs(deviation)).toBeLessThanOrEqual(0.5 * 0.3 * 1_000 + 1e-6);
  });

  it("is not even looked at for the asking, where a look would change what is done", () => {
    const strategy = { name: "pov", parameters: { rate: 0.01, intervalSeconds: 30 } };
    const influence = { calm: 0, usual: 0, stressed: 0 };
    const advice = { ...TERMS, interval: micros(7 * SECOND), influence };
    const { advice: _advice, ...order } = { ...PARENT, strategy };
    const clean = new Desk();
    clean.answer = fillAll;
    clean.submit(order);
    clean.until(600);
    const desk = worked({ strategy, advice }, says({ action: "accelerate", rate: 2 }), 600);
    expect(desk.questions.length).toBeGreaterThan(50);
    expect(sent(desk)).toEqual(sent(clean));
  });

  it("is not planned anew for what advice holds back", () => {
    const desk = worked({}, says({ action: "wait", waitSeconds: 30 }), 300);
    expect(desk.state.advised!.envelope.deviation).toBeLessThan(-50);
    expect(desk.state.plan!.from).toBe(START);
  });

  it("is told what it crossed for on advice alone, and no more than may be", () => {
    const desk = new AdvisedDesk();
    desk.advise = says({ action: "aggressive", urgency: "highest" });
    desk.submit({ ...PARENT, urgency: 0.3, advice: { ...TERMS, interval: micros(5 * SECOND) } });
    desk.until(900);
    const { crossed } = desk.state.advised!.envelope;
    expect(crossed).toBeGreaterThan(0);
    expect(crossed).toBeLessThanOrEqual(0.05 * 1_000);
  });

  it("is asked when news comes, which is shown as it was first seen", () => {
    const desk = worked({}, () => undefined, 30);
    const item: NewsItem = {
      id: "n1",
      source: "wire",
      kind: "news",
      publishedAt: micros(0),
      firstSeenAt: desk.now,
      headline: "an exchange halts withdrawals",
      flags: [],
    };
    desk.until(35);
    desk.step({ kind: "news-received", time: desk.now, instrument: desk.instrument, item });
    desk.until(45);
    const asked = desk.questions.find(({ cause }) => cause === "news");
    expect(asked?.situation.news).toMatchObject([{ secondsAgo: 5, headline: item.headline }]);
  });

  it("asks a sale and its mirror image the same questions", () => {
    const purchase = worked({}, () => undefined, 200);
    const sale = worked({ side: "sell" }, () => undefined, 200);
    const bare = ({ situation }: AdviceQuestion) => ({
      ...situation,
      // The desk's trades are a seller's at the bid: only this is not mirrored.
      market: { ...situation.market, trades: [] },
    });
    expect(sale.questions.map(bare)).toEqual(purchase.questions.map(bare));
  });

  it("is led no further from a restart on, and its journal recalls it the same", () => {
    const whole = worked({}, says({ action: "accelerate", rate: 2, strategy: "is" }), 300);
    expect(whole.state.advised?.envelope.deviation).toBeGreaterThan(0);
    const recalled = new Desk(undefined, undefined, undefined, whole);
    const resumed = { kind: "session-resumed", session: 2, rowsLost: 0, stateHash: "" } as const;
    for (const desk of [whole, recalled]) desk.step({ ...resumed, time: desk.now });
    const [before, after] = [whole, recalled].map(({ engine }) => {
      const [parent] = engine.save().parents;
      // Rows are not part of what is compared.
      return { ...parent, marketAtArrival: undefined };
    });
    expect(after).toEqual(before);
    whole.step({ kind: "position-told", time: whole.now, instrument: whole.instrument });
    const { length } = whole.questions;
    whole.reconnect();
    whole.until(1_001);
    expect(whole.questions).toHaveLength(length);
    expect(whole.state.phase).toBe("complete");
  });

  it("keeps inside its envelope and its laws, whatever is advised", () => {
    const drawn = fc.record({
      action: fc.constantFrom(...ADVISED_ACTIONS),
      urgency: fc.constantFrom(...URGENCY_LEVELS),
      rate: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: undefined }),
      waitSeconds: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
      strategy: fc.option(fc.constantFrom("twap", "is", "pov", "nonsense"), { nil: undefined }),
      share: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: undefined }),
    });
    const baseline = plain(1_001);
    fc.assert(
      fc.property(
        fc.array(drawn, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (drawns, rests) => {
          const desk = new AdvisedDesk();
          desk.answer = rests ? oblige : fillAll;
          let next = 0;
          desk.advise = () => {
            const { share, rate, waitSeconds, strategy, ...more } = drawns[next++ % drawns.length]!;
            return says({
              ...more,
              ...(rate === undefined ? {} : { rate }),
              ...(waitSeconds === undefined ? {} : { waitSeconds }),
              ...(strategy === undefined ? {} : { strategy }),
              ...(share === undefined ? {} : { proposal: { quantityShare: share } }),
            })();
          };
          const interval = micros(20 * SECOND);
          desk.submit({ ...PARENT, advice: { ...TERMS, interval, strategies: ["twap", "is"] } });
          for (let at = 1; at <= 1_001; at += 50) {
            desk.until(at);
            const { advised, filled } = desk.state;
            expect(filled).toBeLessThanOrEqual(1_000);
            if (advised === undefined) continue;
            const { deviation, moved } = advised.envelope;
            expect(Math.abs(deviation)).toBeLessThanOrEqual(100);
            expect(moved + Math.abs(deviation)).toBeLessThanOrEqual(300 + 1e-6);
          }
          if (!rests) expect(desk.state.filled).toBe(baseline.state.filled);
        },
      ),
      { numRuns: 30 },
    );
  }, 20_000);
});
