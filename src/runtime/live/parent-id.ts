/**
 * Parent id: the name of a live order, short and never used before.
 *
 * Child ids are derived from it, and venues remember those for days: two runs, on one machine or on
 * two, must never make the same. The time in milliseconds tells runs apart, and chance those that
 * begin in the same one.
 */
const LETTERS = 36;
const CHANCE = 3;

/** 12 characters: "r", the time, chance. `random` is in [0, 1). */
export function newParentId(millis: number, random: () => number): string {
  const time = Math.floor(millis).toString(LETTERS);
  const chance = Math.floor(random() * LETTERS ** CHANCE).toString(LETTERS);
  return `r${time}${chance.padStart(CHANCE, "0")}`;
}
