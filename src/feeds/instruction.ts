/**
 * Instruction-like: whether a text speaks to its reader as to somebody who obeys.
 *
 * The kinds of phrases are those that public lists of prompt injections name (OWASP's cheat sheet
 * on prompt injection, garak's and Rebuff's probes); the patterns are our own. It is a guess in
 * both directions, shown and counted. What must stay true: nothing is decided by it.
 */

const any = (...words: readonly string[]): string => String.raw`\b(?:${words.join("|")})\b`;
/** One after the other, with so many characters between them at most. */
const near = (gap: number, ...parts: readonly string[]): RegExp =>
  new RegExp(parts.join(`.{0,${gap}}`));

const RULES = any(
  String.raw`(?:instruction|rule|prompt|limit|guideline|cap|constraint|direction|order|message)s?`,
  String.raw`polic(?:y|ies)`,
);
const MODELS = any(
  "ai",
  "assistant",
  "llm",
  "model",
  "language model",
  "advisor",
  String.raw`(?:trading|execution) (?:agent|bot|desk|model)`,
);

/** Of lower-case text. */
const PHRASES: readonly RegExp[] = [
  // Away with what was said before.
  near(
    40,
    any(String.raw`ignor\w*`, "disregard", "forget", String.raw`overrid\w*`, "bypass", "discard"),
    any("previous|prior|above|earlier|all|any|the|your|every|these"),
    RULES,
  ),
  /\b(?:new|updated|real|actual|revised) (?:instructions?|rules|system prompt|policy|task)\b/,
  /\b(?:system|developer|admin|safety) (?:override|mode|message|prompt|note|notice)\b/,
  // Who is meant, and who they shall be.
  /\byou (?:are now|are no longer|(?:must|will|shall) now)\b/,
  /\byou must (?:answer|respond|choose|set)\b/,
  /\b(?:act|behave|respond|answer) as\b|\bpretend (?:to be|you|that)\b|\brole-?play\b/,
  near(5, any("dear|attention|note to|instructions? (?:for|to)|message to"), MODELS),
  /\bas an? (?:ai|assistant|language model|execution trader)\b/,
  /\byour (?:answer|reply|response|reasoning|output|instructions?|rules?|limits?|task)\b/,
  // Marks of a conversation.
  /[‹<[({|]\s*\/?\s*\|?\s*(?:system|assistant|user|developer|tool|inst|im_start|im_end)\b/,
  /[‹<[({|]\s*\/?\s*end ?of ?(?:news|data|text|input)\b/,
  /(?:^|[\s"'#*])(?:system|assistant|developer|tool|function|user|human|admin)\s*:/,
  // An answer, ready to be repeated.
  /["'{,\s](?:action|urgency|confidence|order ?type|rate)["']?\s*[:=]\s*["']?\w/,
  /\b(?:quantity|wait|impact)(?:share|seconds|factor)\b|\bconfidence (?:of )?[01](?:\.\d+)?\b/,
  near(
    30,
    any("answer|respond|reply|output|return|choose|select|pick"),
    any("action|only|exactly|with|json|aggressive|accelerate|wait"),
  ),
  // What to do with the order.
  near(
    20,
    any("sell|buy|dump|liquidate|cancel|accelerate|execute|send|close"),
    any("everything|all|entire|whole|rest|remaining|immediately|now"),
  ),
  near(
    30,
    any("lift|raise|remove|disable|increase|suspend|exceed|turn off"),
    any("cap|limits?|guard ?rails?|envelope|risk (?:gate|check|limit)s?|corridor"),
  ),
  /\bimpact[ -]?factor\b|\bquantit(?:y|ies) (?:is|are|in) lots\b|\bdo not (?:trade|ask|check)\b/,
  near(20, any("wait|pause|hold|stop"), any("for ?ever|until further notice")),
  // On whose word.
  near(
    30,
    any("desk|compliance|risk|head trader|management|operator|supervisor"),
    any("approved|authori[sz]ed|requires?|instructs?|signed off|has confirmed"),
  ),
  /\bpre-?approved\b|\balready (?:approved|authori[sz]ed|confirmed)\b/,
  // What is not theirs.
  near(
    40,
    any("reveal|print|repeat|show|output|leak|disclose|include|write"),
    any("system prompt|instructions|api[ -]?keys?|secrets?|passwords?", "credentials"),
  ),
  // The same in a few other tongues.
  /\bignor(?:iere|ez|a|e|ieren) (?:alle|toutes|todas|tutte|le|las|les|die|as)\b/,
  /игнорир|не обращай внимания|忽略|無視して|무시하/,
  /\bverkaufe? (?:sofort )?alles\b|\bvend(?:s|ez|e|er) (?:tout|todo|tutto)\b/,
  /продай(?:те)? вс[её]|全部卖|すべて売/,
];

const saysSo = (text: string): boolean => PHRASES.some((phrase) => phrase.test(text));

export function isInstructionLike(text: string): boolean {
  const plain = text.toLowerCase();
  if (saysSo(plain) || saysSo(rotated(plain)) || saysSo([...plain].reverse().join(""))) return true;
  return encodedIn(text).some((decoded) => saysSo(decoded.toLowerCase()));
}

/** By 13 letters. */
const rotated = (text: string): string =>
  text.replaceAll(/[a-z]/g, (letter) =>
    String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97),
  );

/** What runs of base64 or of hexadecimal digits say. */
function encodedIn(text: string): readonly string[] {
  const sixtyFour = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].map(([run]) =>
    Buffer.from(run, "base64").toString("latin1"),
  );
  const hexadecimal = [...text.matchAll(/(?:[0-9a-f]{2}){8,}/gi)].map(([run]) =>
    Buffer.from(run, "hex").toString("latin1"),
  );
  return [...sixtyFour, ...hexadecimal];
}
