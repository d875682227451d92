/** Config names: the known name that a misspelled one was probably meant to be. */

/** Longer than every name, so that a hostile file cannot make the comparison costly. */
const LONGEST = 60;

/** The nearest of `known`, where no more than about a third of the letters differ. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const most = Math.max(2, Math.floor(name.length / 3));
  let best: string | undefined;
  let least = most + 1;
  for (const candidate of known) {
    const steps = distance(simplified(name), simplified(candidate));
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

/** `max_spread-bps` and `maxSpreadBps` are the same name in another habit of writing. */
const simplified = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");

/** Levenshtein distance: letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
