/**
 * Untrusted text: words of others, made fit to stand between quotation marks in a prompt.
 *
 * Pure. Whoever wrote them may want to end the quotation and go on as if they were us. What must
 * stay true: what comes out is one line, printable, within its cap, and none of `<`, `>`, `&` and
 * the backtick stands in it as such, so no delimiter of ours can be written inside one.
 */

/** Not seen, or not assigned: Default_Ignorable_Code_Point, category C, the empty Braille cell. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u{2800}]/gu;
const BLANKS = /[\s\p{Z}]+/gu;
/** What delimits here or elsewhere. */
const DELIMITERS = /[<>&`]/g;

/** One line of visible text, at most so many characters. What is cut off is told by three dots. */
export function oneLine(text: string, most: number): string {
  // No more is looked at than can matter: the rest of a flood would only cost time.
  const head = text.slice(0, 8 * most + 64).toWellFormed();
  const line = head.normalize("NFKC").replace(BLANKS, " ").replace(UNSEEN, "").trim();
  const letters = [...line.replace(BLANKS, " ")];
  if (letters.length <= most && head.length === text.length) return letters.join("");
  return `${letters.slice(0, Math.max(0, most - 3)).join("")}...`;
}

/** As a JSON string, quotation marks included. */
export const quoted = (text: string, most: number): string =>
  JSON.stringify(oneLine(text, most)).replace(
    DELIMITERS,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
