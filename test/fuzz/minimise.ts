/**
 * Minimise: the shortest input near a failing one that still fails in the same way.
 *
 * Takes pieces away, large ones first, as delta debugging does (Zeller, Hildebrandt 2002); then
 * makes characters plain. It gives up after a number of attempts, so that it always ends.
 */
const MOST_ATTEMPTS = 3_000;

export async function minimised(
  input: string,
  stillFails: (shorter: string) => Promise<boolean>,
): Promise<string> {
  let best = input;
  let attempts = 0;
  const mayTry = (): boolean => attempts < MOST_ATTEMPTS;
  const improves = async (candidate: string): Promise<boolean> => {
    attempts += 1;
    if (attempts > MOST_ATTEMPTS || candidate === best || !(await stillFails(candidate))) {
      return false;
    }
    best = candidate;
    return true;
  };
  for (let piece = Math.ceil(best.length / 2); piece >= 1 && mayTry();) {
    let hasImproved = false;
    for (let at = 0; at < best.length && mayTry();) {
      if (await improves(best.slice(0, at) + best.slice(at + piece))) hasImproved = true;
      else at += piece;
    }
    if (piece === 1 && !hasImproved) break;
    if (!hasImproved || piece > best.length) piece = Math.max(1, piece >> 1);
  }
  return best;
}
