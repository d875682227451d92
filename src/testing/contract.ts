/**
 * Contract: what every strategy promises by itself, for any plan, any view and any parameters.
 *
 * `core/contracts/strategy.ts` says it in words; here each promise is a property that is tried on
 * generated plans. What the engine makes of a strategy is the business of the sessions.
 */
import fc from "fast-check";
import type { Plan, Strategy, StrategyView, Target } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { requireLaw } from "./law-broken.ts";
import type { Parameters, StrategyUnderTest } from "./lineup.ts";
import { frozen } from "./watched.ts";

/** A plan, parameters, and moments to be asked at, in order of time. */
export interface ContractCase {
  readonly plan: Plan;
  readonly parameters: Parameters;
  readonly views: readonly StrategyView[];
  /** Where the plan is given up for a new one, as a share of its time. */
  readonly cut: number;
}

export interface ContractLaw {
  readonly name: string;
  check(strategy: Strategy, drawn: ContractCase): void;
}

const FROM = 1_700_000_000_000_000;
const share = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const plans = fc
  .record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    quantity: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 1e12 })),
    minOrder: fc.integer({ min: 0, max: 60 }),
    seconds: fc.integer({ min: 0, max: 7_200 }),
    volumeAtFrom: fc.nat(1_000_000),
    seed: fc.integer(),
    parentId: fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/),
    maxParticipation: share(0, 1),
    urgency: fc.oneof(fc.constantFrom(0, 1), share(0, 1)),
    sinceArrival: fc.option(fc.integer({ min: 0, max: 7_200 })),
    halfLife: fc.option(fc.integer({ min: 0, max: 7_200 })),
    windowShare: fc.option(share(0, 1)),
  })
  .map(
    ({
      quantity,
      minOrder,
      volumeAtFrom,
      seconds,
      sinceArrival,
      halfLife,
      windowShare,
      ...rest
    }): Plan =>
      Object.assign(
        rest,
        sinceArrival === null ? {} : { arrivedAt: micros(FROM - sinceArrival * SECOND) },
        windowShare === null ? {} : { volumeBefore: lots(Math.floor(windowShare * volumeAtFrom)) },
        halfLife === null ? {} : { alphaHalfLife: micros(halfLife * SECOND) },
        {
          from: micros(FROM),
          until: micros(FROM + seconds * SECOND),
          quantity: lots(quantity),
          volumeAtFrom: lots(volumeAtFrom),
          minOrder: lots(minOrder),
        },
      ),
  );

const moments = fc.array(fc.tuple(share(-0.2, 1.3), fc.nat(1_000_000_000), share(0, 1)), {
  minLength: 2,
  maxLength: 40,
});

/** Time, volume and what is done only ever rise. */
function viewsOf(plan: Plan, drawn: readonly (readonly [number, number, number])[]) {
  const sorted = (k: 0 | 1 | 2) => drawn.map((it) => it[k]).sort((a, b) => a - b);
  const [shares, volumes, done] = [sorted(0), sorted(1), sorted(2)];
  return shares.map((at, i): StrategyView => ({
    now: momentOf(plan, at),
    done: lots(Math.floor(done[i]! * plan.quantity)),
    marketVolume: lots(plan.volumeAtFrom + volumes[i]!),
  }));
}

const momentOf = (plan: Plan, at: number) =>
  micros(plan.from + Math.floor((plan.until - plan.from) * at));

export const contractCases = ({ parameters }: StrategyUnderTest): fc.Arbitrary<ContractCase> =>
  fc
    .tuple(plans, parameters ?? fc.constant({}), moments, share(0, 1))
    .map(([plan, drawn, times, cut]) =>
      frozen({ plan, parameters: drawn, views: viewsOf(plan, times), cut }),
    );

const require = (holds: boolean, text: string): void => requireLaw("contract", holds, text);

const begun = ({ plan, views }: ContractCase) => views.filter((view) => view.now >= plan.from);

function targets(strategy: Strategy, { plan, parameters, views }: ContractCase): Target[] {
  const bound = strategy.bind(parameters, plan);
  return views.map((view) => bound.target(view));
}

const fellOrBroke: ContractLaw = {
  name: "never asks for less than before, nor more than the plan, nor part of a lot",
  check(strategy, drawn) {
    let before = 0;
    targets(strategy, drawn).forEach(({ quantity }, i) => {
      const at = `at ${drawn.views[i]!.now} of ${drawn.plan.quantity} lots: ${quantity}`;
      require(Number.isSafeInteger(quantity), `${at} is no count of lots`);
      require(quantity >= before, `${at}, ${before} before: a target never falls`);
      require(quantity <= drawn.plan.quantity, `${at} is more than the plan`);
      before = quantity;
    });
  },
};

const early: ContractLaw = {
  name: "asks for nothing before the plan begins",
  check(strategy, { plan, parameters }) {
    const now = micros(plan.from - 1);
    const view = { now, done: lots(0), marketVolume: lots(plan.volumeAtFrom + 1e6) };
    const { quantity, sliceUntil } = strategy.bind(parameters, plan).target(frozen(view));
    require(quantity === 0, `${quantity} due a microsecond before the plan begins`);
    require(sliceUntil === plan.from, `the wait for the plan ends at ${sliceUntil}`);
  },
};

const dust: ContractLaw = {
  name: "rises by the least order at least, and never leaves less than that to do",
  check(strategy, drawn) {
    const { quantity: whole, minOrder } = drawn.plan;
    let before = 0;
    for (const { quantity } of targets(strategy, drawn)) {
      const rise = quantity - before;
      const isAll = quantity === whole && before === 0;
      require(rise === 0 || isAll || rise >= minOrder, `rose by ${rise}, at least ${minOrder}`);
      const left = whole - quantity;
      const isDust = quantity > 0 && left > 0 && left < minOrder;
      require(!isDust, `${quantity} of ${whole} leaves ${left}, under ${minOrder}`);
      before = quantity;
    }
  },
};

const slices: ContractLaw = {
  name: "puts the present inside the slice in hand, and slices inside the plan",
  check(strategy, drawn) {
    const { plan, parameters } = drawn;
    const bound = strategy.bind(parameters, plan);
    for (const view of begun(drawn)) {
      const { sliceFrom, sliceUntil, reason } = bound.target(view);
      const at = `at ${view.now} of ${plan.from}..${plan.until}: slice ${sliceFrom}..${sliceUntil}`;
      require(sliceFrom >= plan.from && sliceFrom <= view.now, `${at} does not begin before now`);
      require(sliceUntil <= plan.until, `${at} ends after the plan`);
      require(view.now >= plan.until || sliceUntil > view.now, `${at} has ended`);
      require(reason !== "", `${at} has no reason`);
    }
  },
};

const steady: ContractLaw = {
  name: "asks for the same until the slice ends, while nobody trades",
  check(strategy, drawn) {
    const { plan, parameters } = drawn;
    const bound = strategy.bind(parameters, plan);
    for (const view of begun(drawn)) {
      const { quantity, sliceUntil } = bound.target(view);
      if (sliceUntil <= view.now) continue;
      const last = { ...view, now: micros(sliceUntil - 1) };
      const later = bound.target(frozen(last)).quantity;
      const text = `${quantity} at ${view.now}, ${later} at ${last.now}, in one slice`;
      require(later === quantity, `${text}: nobody would look between the two`);
    }
  },
};

const pure: ContractLaw = {
  name: "gives the same answer to the same question, in any order and from a second binding",
  check(strategy, { plan, parameters, views }) {
    const first = strategy.bind(parameters, plan);
    const second = strategy.bind(frozen({ ...parameters }), frozen({ ...plan }));
    const forward = views.map((view) => first.target(view));
    const backward = views.toReversed().map((view) => second.target(view));
    const again = views.map((view) => first.target(view));
    const said = JSON.stringify(forward);
    require(JSON.stringify(backward.toReversed()) === said, "asked backwards it says otherwise");
    require(JSON.stringify(again) === said, "asked again it says otherwise");
  },
};

const anew: ContractLaw = {
  name: "planned anew in mid-order, old and new targets together never exceed the order",
  check(strategy, { plan, parameters, views, cut }) {
    const now = momentOf(plan, cut);
    const marketVolume = lots(plan.volumeAtFrom + 5_000_000);
    const view = { now, done: lots(0), marketVolume };
    const done = strategy.bind(parameters, plan).target(frozen(view)).quantity;
    const rest = frozen<Plan>({
      ...plan,
      from: now,
      arrivedAt: plan.arrivedAt ?? plan.from,
      quantity: lots(plan.quantity - done),
      volumeAtFrom: marketVolume,
    });
    const bound = strategy.bind(parameters, rest);
    for (const { now: at, marketVolume: volume } of views) {
      const { quantity } = bound.target(
        frozen({ now: at, done: lots(0), marketVolume: lots(volume + 5_000_000) }),
      );
      const text = `${done} before ${now} and ${quantity} at ${at}, of ${plan.quantity}`;
      require(done + quantity <= plan.quantity, text);
    }
  },
};

const checks: ContractLaw = {
  name: "accepts its own defaults and what was drawn, and names every wrong parameter at once",
  check(strategy, { parameters }) {
    const { defaults } = strategy;
    const faultsOf = (given: Parameters): readonly string[] =>
      strategy.check(frozen(given)).map(({ path }) => path);
    const told = (given: Parameters): string => `${JSON.stringify(given)}: ${faultsOf(given)}`;
    require(faultsOf({}).length === 0, `no parameters are faults: ${told({})}`);
    require(faultsOf(defaults).length === 0, `the defaults are faults: ${told(defaults)}`);
    require(faultsOf(parameters).length === 0, `drawn parameters are faults: ${told(parameters)}`);
    const plain = JSON.stringify(JSON.parse(JSON.stringify(defaults)));
    require(plain === JSON.stringify(defaults), "the defaults are not plain JSON");
    const numbers = Object.keys(defaults).filter((key) => typeof defaults[key] === "number");
    const wrong: Record<string, unknown> = { noSuchParameter: 1, toString: 1 };
    for (const key of numbers) wrong[key] = Number.NaN;
    const found = new Set(faultsOf(wrong));
    const missed = Object.keys(wrong).filter((key) => !found.has(key));
    require(missed.length === 0, `unknown or not a number, and no fault: ${missed.join(", ")}`);
  },
};

export const CONTRACT: readonly ContractLaw[] = [
  fellOrBroke,
  early,
  dust,
  slices,
  steady,
  pure,
  anew,
  checks,
];
