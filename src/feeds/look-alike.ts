/**
 * Look-alikes: letters of other scripts that pass for Latin ones, read as what they look like.
 *
 * "ВТС" may be Cyrillic and "ϲаnсel" half Greek: a filter reads past both, a model need not. What
 * looks like what is the Unicode consortium's own list (UTS 39), by the package `unhomoglyph`.
 * What must stay true: ordinary Russian, Greek, Japanese or Turkish is left as it is.
 */
import unhomoglyph from "unhomoglyph";

export interface SeenAsLatin {
  readonly text: string;
  readonly found: boolean;
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const LATIN = /\p{Script=Latin}/u;
/** Scripts that are written beside Latin within one word, as "BTC価格". */
const BESIDE_LATIN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u;
/** Latin letters that no language writes headlines in: phonetic signs, small capitals. */
const ODD_LATIN = /[\u{250}-\u{2AF}\u{1D00}-\u{1DBF}\u{A720}-\u{A7FF}\u{AB30}-\u{AB6F}]/u;
const LETTER = /\p{L}/u;
const CYRILLIC = /\p{Script=Cyrillic}/u;
/** Beside true words of another script, a whole word of it passes for Latin only if this long. */
const LONG_WORD = 3;

export function seenAsLatin(text: string): SeenAsLatin {
  // oxlint-disable-next-line no-control-regex -- all that is not plain
  if (!/[^\x00-\x7f]/.test(text)) return { text, found: false };
  const amid = surroundingsOf(text);
  let found = false;
  const seen = text.replaceAll(WORD, (word) => {
    const folded = foldedWord(word, amid);
    if (folded !== word) found = true;
    return folded;
  });
  return { text: seen, found };
}

interface Surroundings {
  /** Mostly: a word of another script amid them is a guest. */
  readonly areLatin: boolean;
  /** Some word is of another script and could not pass for Latin. */
  readonly haveForeignWords: boolean;
}

function foldedWord(word: string, amid: Surroundings): string {
  const letters = [...word];
  const foreign = letters.filter((letter) => isForeign(letter));
  const isSuspect = foreign.length > 0 && (LATIN.test(word) || isDisguised(foreign, amid));
  return letters
    .map((letter) => {
      const isFolded = ODD_LATIN.test(letter) || (isSuspect && isForeign(letter));
      return (isFolded ? plainOf(letter) : undefined) ?? letter;
    })
    .join("");
}

/** Of a word without any Latin letter. Greek letters stand alone as signs: 3σ. */
function isDisguised(foreign: readonly string[], amid: Surroundings): boolean {
  if (!amid.areLatin || foreign.some((letter) => plainOf(letter) === undefined)) return false;
  if (foreign.length >= LONG_WORD) return true;
  return !amid.haveForeignWords && (foreign.length > 1 || CYRILLIC.test(foreign[0]!));
}

const isForeign = (letter: string): boolean =>
  LETTER.test(letter) && !LATIN.test(letter) && !BESIDE_LATIN.test(letter);

/** The list is long, and is gone through for each letter: once for each that there is. */
const KNOWN = new Map<string, string | undefined>();

/** The plain letter that it looks like; undefined where it looks like none. */
function plainOf(letter: string): string | undefined {
  if (!KNOWN.has(letter)) KNOWN.set(letter, lookUp(letter));
  return KNOWN.get(letter);
}

function lookUp(letter: string): string | undefined {
  const plain = unhomoglyph(letter);
  if (!/^[A-Za-z]$/.test(plain)) return SMALL_CAPITALS.get(letter);
  // The list takes a capital I for a small l.
  return plain === "l" && /\p{Lu}/u.test(letter) ? "I" : plain;
}

/** Of which the list says nothing, since nobody takes them for capitals of full size. */
const SMALL_CAPITALS: ReadonlyMap<string, string> = new Map(
  [..."ᴀʙᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴘʀᴛ"].map((letter, at) => [letter, "abdefghijklmnprt"[at]!] as const),
);

function surroundingsOf(text: string): Surroundings {
  let latin = 0;
  let foreign = 0;
  let haveForeignWords = false;
  for (const [word] of text.matchAll(WORD)) {
    const others = [...word].filter((letter) => isForeign(letter));
    foreign += others.length;
    latin += [...word].filter((letter) => LATIN.test(letter)).length;
    const isTrue = others.some((letter) => plainOf(letter) === undefined);
    if (isTrue && !LATIN.test(word)) haveForeignWords = true;
  }
  return { areLatin: latin > foreign, haveForeignWords };
}
