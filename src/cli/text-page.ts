/**
 * Text page: lines and aligned columns for a terminal.
 *
 * Alignment comes first and colour after it, so that colour moves nothing.
 */
import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green";
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}
export type Align = "left" | "right";

export const GAP = "  ";

export class Page {
  readonly #lines: string[] = [];
  readonly #colour: boolean;
  readonly width: number;

  constructor(colour: boolean, width: number) {
    this.#colour = colour;
    this.width = width;
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  line(text = "", style?: Style): void {
    for (const part of wrap(text, this.width)) this.#lines.push(this.#paint(part, style));
  }

  heading(text: string): void {
    this.line();
    this.line(text, "bold");
  }

  /** The last column takes what is left of the line, and is wrapped in it. */
  table(rows: readonly (readonly Cell[])[], aligns: readonly Align[]): void {
    const last = aligns.length - 1;
    const widths = aligns.map((_, column) =>
      Math.max(...rows.map((row) => row[column]?.text.length ?? 0)),
    );
    const before = widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, GAP.length);
    widths[last] = Math.min(widths[last] ?? 0, Math.max(20, this.width - before));
    for (const row of rows) {
      const wrapped = wrap(row[last]?.text ?? "", widths[last]);
      wrapped.forEach((part, index) => {
        const cells = aligns.map((align, column) => {
          const cell = row[column];
          const text = column === last ? part : index === 0 ? (cell?.text ?? "") : "";
          const aligned =
            align === "right" ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
          return this.#paint(column === last ? aligned.trimEnd() : aligned, cell?.style);
        });
        this.#lines.push((GAP + cells.join(GAP)).trimEnd());
      });
    }
  }

  #paint(text: string, style: Style | undefined): string {
    if (!this.#colour || style === undefined || text.trim() === "") return text;
    return styleText(style, text, { validateStream: false });
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line === "") {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

export const plain = (text: string): Cell => ({ text });
export const dim = (text: string): Cell => ({ text, style: "dim" });
export const bold = (text: string): Cell => ({ text, style: "bold" });
