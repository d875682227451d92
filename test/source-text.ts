/**
 * Source text: TypeScript with its comments, or its comments and strings, blanked out, so that a
 * rule about code does not trip over words. What is kept stays at its line and column.
 *
 * A scanner, not a parser: it knows comments, quotes, templates and where a slash begins a regular
 * expression. Code inside a template's `${…}` is code and is kept.
 */
export type Blanked = "comments" | "comments-and-strings";

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** After one of these a slash divides nothing, so it begins a regular expression. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};<>+*%~^-]|\b(?:return|typeof|case|in|of|do|else))\s*$/;

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const QUOTED = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** A template's text up to its end or to the next `${`. */
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;

export function blankOut(text: string, what: Blanked): string {
  const strings = what === "comments-and-strings";
  let out = "";
  let at = 0;
  /** Open braces inside each template hole we are in. */
  const holes: number[] = [];

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const emit = (piece: string, hide: boolean): void => {
    out += hide ? blank(piece) : piece;
    at += piece.length;
  };
  const emitTemplate = (): void => {
    const piece = take(TEMPLATE) ?? text.slice(at);
    if (piece.endsWith("${")) holes.push(0);
    emit(piece, strings);
  };

  while (at < text.length) {
    const char = text[at]!;
    const comment = char === "/" ? take(COMMENT) : undefined;
    const quoted = char === '"' || char === "'" ? take(QUOTED) : undefined;
    const regex = char === "/" && BEFORE_REGEX.test(out.slice(-40)) ? take(REGEX) : undefined;
    if (comment !== undefined) emit(comment, true);
    else if (quoted !== undefined) emit(quoted, strings);
    else if (regex !== undefined) emit(regex, strings);
    else if (char === "`") {
      emit(char, strings);
      emitTemplate();
    } else if (char === "}" && holes.at(-1) === 0) {
      holes.pop();
      emit(char, strings);
      emitTemplate();
    } else {
      if (char === "{" && holes.length > 0) holes[holes.length - 1]! += 1;
      if (char === "}" && holes.length > 0) holes[holes.length - 1]! -= 1;
      emit(char, false);
    }
  }
  return out;
}
