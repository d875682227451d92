/**
 * Per offer: something that hangs on what a question offers and on nothing else, made once.
 *
 * A schema is dear to make (a millisecond) and an order asks the same offers all day. What must
 * stay true: no more is kept than the cap, whoever invents offers.
 */
import type { AdviceQuestion } from "../core/contracts/advice.ts";

export type Offer = Pick<AdviceQuestion, "actions" | "strategies">;

const MOST_KEPT = 64;

export function perOffer<Made>(make: (offer: Offer) => Made): (offer: Offer) => Made {
  const kept = new Map<string, Made>();
  return (offer) => {
    const { actions, strategies } = offer;
    const key = JSON.stringify([actions, strategies]);
    let made = kept.get(key);
    if (made === undefined) {
      made = make({ actions, strategies });
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(key, made);
    }
    return made;
  };
}
