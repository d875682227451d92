/**
 * Flow: the crowd's order flow, one of several processes behind one contract: an agent that sends
 * limit orders, cancellations and market orders at times of its own.
 *
 * What must stay true: a process decides when and what; where an order stands and how long it
 * lives, the crowd decides.
 */
import type { Crowd } from "./crowd.ts";
import { HawkesFlow, hawkesRates } from "./flow-hawkes.ts";
import { QueueReactiveFlow } from "./flow-queue-reactive.ts";
import { ZeroIntelligenceFlow } from "./flow-zero-intelligence.ts";
import type { Agent, Floor } from "./floor.ts";
import type { MarketProfile } from "./profile.ts";

/** The process that a profile names. */
export function flowOf(seed: number, floor: Floor, crowd: Crowd, profile: MarketProfile): Agent {
  const tilt = profile.pressureTilt;
  switch (profile.flow) {
    case "zero-intelligence":
      return new ZeroIntelligenceFlow(seed, floor, crowd, profile.zeroIntelligence, tilt);
    case "hawkes":
      return new HawkesFlow(seed, floor, crowd, profile.hawkes, tilt);
    case "queue-reactive":
      return new QueueReactiveFlow(seed, floor, crowd, profile.queueReactive, tilt);
  }
}

/** Patient limit orders per second, of both sides together. */
export function patientPerSecond(profile: MarketProfile): number {
  const share = 1 - profile.crowd.nearShare;
  switch (profile.flow) {
    case "zero-intelligence":
      return share * profile.zeroIntelligence.limitsPerSecond;
    case "hawkes": {
      const [, , buys, sells] = hawkesRates(profile.hawkes);
      return share * (buys! + sells!);
    }
    case "queue-reactive":
      return profile.queueReactive.patientPerSecond;
  }
}
