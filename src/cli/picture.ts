/**
 * Picture: what every picture needs, whatever it shows: safe text and round steps of an axis.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

export const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one]!);

/** 1, 2 or 5 times a power of ten, at least `wanted`. */
export function niceStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(wanted, 1e-12)));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10);
}
