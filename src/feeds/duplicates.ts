/**
 * Duplicates: tells an item that was told before, by the same source or in nearly the same words.
 *
 * One story comes through many feeds, and each copy would ask the advisor anew. What must stay
 * true: what it remembers is bounded, and headlines that differ in a figure are two items.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import { HOUR, type Micros } from "../core/domain/units.ts";

export interface DuplicateTerms {
  /** How long a headline is remembered. */
  readonly span: number;
  readonly mostHeadlines: number;
  readonly mostIds: number;
  /** Share of words in common from which two headlines are one. */
  readonly likeness: number;
}

export const DUPLICATE_TERMS: DuplicateTerms = {
  span: 24 * HOUR,
  mostHeadlines: 500,
  mostIds: 20_000,
  likeness: 0.8,
};

interface Remembered {
  readonly at: Micros;
  readonly words: ReadonlySet<string>;
  readonly figures: string;
}

export class Duplicates {
  readonly #terms: DuplicateTerms;
  readonly #ids = new Set<string>();
  #headlines: Remembered[] = [];

  constructor(terms: DuplicateTerms = DUPLICATE_TERMS) {
    this.#terms = terms;
  }

  /** Whether it is new; it is remembered then. */
  admit(item: NewsItem): boolean {
    const key = `${item.source}\n${item.id}`;
    if (this.#ids.has(key)) return false;
    this.#ids.add(key);
    if (this.#ids.size > this.#terms.mostIds) this.#ids.delete(this.#ids.values().next().value!);
    const { span, mostHeadlines, likeness } = this.#terms;
    const words = wordsOf(item.headline);
    const figures = [...words].filter((word) => /\d/.test(word)).join(" ");
    this.#headlines = this.#headlines.filter(({ at }) => item.firstSeenAt - at <= span);
    const isTold = this.#headlines.some(
      (told) => told.figures === figures && commonShare(told.words, words) >= likeness,
    );
    if (isTold) return false;
    this.#headlines.push({ at: item.firstSeenAt, words, figures });
    if (this.#headlines.length > mostHeadlines) this.#headlines.shift();
    return true;
  }
}

/** Without case, accents and punctuation, and without the source that many put at the end. */
function wordsOf(headline: string): ReadonlySet<string> {
  const story = headline.replace(/\s[-–—|]\s[\p{L}\p{N} .]{2,30}$/u, "");
  const plain = story.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return new Set((plain.match(/[\p{L}\p{N}]+(?:[.,]\p{N}+)*/gu) ?? []).sort());
}

/** Of all the words of both. Of headlines without any: none. */
function commonShare(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 && b.size === 0) return 0;
  const common = [...a].filter((word) => b.has(word)).length;
  return common / (a.size + b.size - common);
}
