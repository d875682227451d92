/**
 * Coherence: whether a model's reasoning speaks for what it then advises.
 *
 * Rough, by words: a text that speaks only for hurrying and advises to wait contradicts itself, and
 * so the other way. What must stay true: a text that speaks for neither, or for both, is not called
 * incoherent.
 */

const anyOf = (...words: readonly string[]): RegExp =>
  new RegExp(String.raw`\b(?:${words.join("|")})\b`, "gi");

const HURRY = anyOf(
  String.raw`accelerat\w*`,
  "faster",
  "speed(?:ing)? up",
  "hurry",
  "ahead of (?:the )?plan",
  String.raw`front-?load\w*`,
  "before (?:it|the price) rises",
  "more aggressive(?:ly)?",
);
const HOLD = anyOf(
  "wait(?:ing)?",
  "slow(?:er|ing)?(?: down)?",
  String.raw`decelerat\w*`,
  "patient(?:ly)?",
  "hold(?:ing)? back",
  "pause",
  "delay",
  "passive(?:ly)?",
  "let it fall",
);
const DENIALS = ["no|not|never|without|nothing|cannot|don't", "rather than|instead of"];
/** In front of a word, in the same clause. */
const DENIED = new RegExp(String.raw`\b(?:${DENIALS.join("|")})\b[^.;,]{0,40}$`, "i");

/** @param stance 1 hurries, −1 holds back, 0 leaves the plan be. */
export function coherent(reasoning: string, stance: -1 | 0 | 1): boolean {
  const hurries = says(reasoning, HURRY);
  const holds = says(reasoning, HOLD);
  if (hurries === holds) return true;
  return stance !== (hurries ? -1 : 1);
}

function says(text: string, what: RegExp): boolean {
  for (const match of text.matchAll(what)) {
    if (!DENIED.test(text.slice(0, match.index))) return true;
  }
  return false;
}
