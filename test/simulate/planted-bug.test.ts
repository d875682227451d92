/**
 * The simulator tested: each planted bug is found where it is known to show, by the law that it
 * breaks, and the same run without it holds.
 *
 * A seed shows a bug only as long as the program does the same there; so each bug has several, and
 * one must find it. Where none does any more: `npm run simulate -- --planted` tells others.
 */
import { describe, expect, it } from "vitest";
import { hunt } from "./hunt.ts";
import { planOf } from "./plan.ts";
import { PLANTED, type PlantedBug, type PlantedName } from "./planted-bug.ts";
import { runWorld } from "./world.ts";

interface Pinned {
  readonly seeds: readonly number[];
  /** What is said of the law that is broken. */
  readonly law: RegExp;
}

/** What is never known for sure is asked for without end, or the account does not agree. */
const ENDLESS = /no end after|records in one turn|busy for ever/;
const MISCOUNTED = /lots filled, the exchange|halted for nothing|the engine does not know/;
const UNKNOWN = new RegExp(`${ENDLESS.source}|${MISCOUNTED.source}`);
const DOUBLED = new RegExp(
  `more at the exchange than asked for|still rest|overfill|${UNKNOWN.source}`,
);

const PINNED: Readonly<Record<PlantedName, Pinned>> = {
  "takes the stream for whole": { seeds: [43, 83, 27], law: UNKNOWN },
  "trusts any book": { seeds: [66, 77, 2], law: /decided on a book of .* s ago/ },
  "counts a duplicate execution twice": { seeds: [236, 547, 495], law: MISCOUNTED },
  "hears no fill behind its order's end": { seeds: [59, 227], law: UNKNOWN },
  "sends an unanswered order again": { seeds: [9, 12, 42], law: /was sent 2 times/ },
  "resends under a new id": { seeds: [33, 93, 38], law: DOUBLED },
  "takes a time-out for a rejection": { seeds: [52, 419, 577], law: DOUBLED },
  "takes a cancel for done": { seeds: [1, 8, 45], law: MISCOUNTED },
  "hears no rejection": { seeds: [7, 10, 9], law: ENDLESS },
  "amends without what has filled": { seeds: [24, 11, 18], law: DOUBLED },
  "forgets the amended quantity": { seeds: [10, 11], law: /was told to be amended/ },
  "forgets what filled between two streams": { seeds: [43, 19, 64], law: UNKNOWN },
  "ignores a book gap": { seeds: [60, 59, 65], law: /book that never was/ },
  "treats the closed-order cache as the truth": { seeds: [95, 145, 163], law: UNKNOWN },
  "goes by the wall clock": { seeds: [36, 54, 77], law: /clock fell behind/ },
  "asks without a pause": { seeds: [51, 65], law: /within a second/ },
  "takes forced closings for its fills": { seeds: [6, 74, 86], law: MISCOUNTED },
  "ignores new rules": { seeds: [12, 31, 34], law: /grid that the exchange no longer has/ },
  "gives up what a closed venue does not cancel": { seeds: [91, 49, 114], law: DOUBLED },
  "goes on without its disk": { seeds: [15, 157, 525], law: MISCOUNTED },
  "keeps half a commit": { seeds: [45, 10, 15], law: /when replayed/ },
  "sends before commit": { seeds: [18, 39], law: ENDLESS },
  "drops the last commit": { seeds: [45, 10, 15], law: /when replayed/ },
  "recovers without asking": { seeds: [10, 45, 15], law: UNKNOWN },
  "forgets a fill told while away": { seeds: [10, 4, 15], law: UNKNOWN },
  "withdraws somebody else's orders": { seeds: [38, 59], law: /somebody else's order is gone/ },
  "forgets to withdraw": { seeds: [46, 40, 74], law: DOUBLED },
  "ignores participation": { seeds: [2, 8, 15], law: /lots of ours against/ },
  "crosses again at once": { seeds: [1, 2, 7], law: /after the last crossing order/ },
};

/** Faults that issue and documents promise a planted bug for. */
const KINDS = [
  "lost messages",
  "late messages",
  "duplicated messages",
  "reordered messages",
  "lost acknowledgements",
  "time-outs whose order lives",
  "rejects",
  "partial fills",
  "disconnects",
  "book gaps",
  "exchange restarts",
  "clock jumps",
  "rate limits",
  "funding and liquidation rows",
  "tick or lot changed in mid-order",
  "maintenance",
  "disk full",
  "torn writes",
  "crashes",
];

describe("planted bugs", () => {
  it.each(Object.keys(PINNED) as PlantedName[])("finds: %s", async (name) => {
    const { seeds, law } = PINNED[name];
    const told: (string | undefined)[] = [];
    for (const seed of seeds) {
      const { broken } = await runWorld(planOf(seed), PLANTED[name]);
      told.push(broken);
      if (broken === undefined || !law.test(broken)) continue;
      const sound = await runWorld(planOf(seed));
      expect(sound.broken).toBeUndefined();
      return;
    }
    expect(told).toEqual(`one of ${law} at one of the seeds ${seeds.join(", ")}`);
  });

  it("has one for each kind of fault", () => {
    const against = new Set<string>(Object.values(PLANTED).map((bug: PlantedBug) => bug.against));
    expect(KINDS.filter((kind) => !against.has(kind))).toEqual([]);
  });

  it("is hunted where its fault is, and is not found where nothing is planted", async () => {
    const none: PlantedBug = { against: "nothing", needs: ["crash"] };
    expect(await hunt(none, 1, 2)).toBeUndefined();
    const found = await hunt(PLANTED["crosses again at once"], 1, 40);
    expect(found?.text).toMatch(/after the last crossing order/);
  });
});
