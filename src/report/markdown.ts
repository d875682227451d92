/**
 * Markdown: a document as text for a repository, a ticket or a message.
 *
 * A picture becomes its words. What must stay true: whatever text comes from outside stays text: it
 * makes no heading, link, image or HTML where this is rendered.
 */
import type { Block, ReportDocument, Section } from "./document.ts";

export function markdownOf({
  title,
  subtitle,
  headlines,
  sections,
  footer,
}: ReportDocument): string {
  return `${[
    `# ${inline(title)}`,
    inline(subtitle),
    table(
      headlines.map(({ name }) => ({ name, isFigure: true })),
      [headlines.map(({ value }) => value), headlines.map(({ note }) => note)],
    ),
    ...sections.map(sectionText),
    "---",
    ...footer.map(inline),
  ].join("\n\n")}\n`;
}

const sectionText = ({ title, blocks }: Section): string =>
  [`## ${inline(title)}`, ...blocks.map(blockText)].join("\n\n");

function blockText(block: Block): string {
  switch (block.kind) {
    case "text":
      return inline(block.text);
    case "heading":
      return `### ${inline(block.text)}`;
    case "list":
      return block.items.map((item) => `- ${inline(item)}`).join("\n");
    case "picture":
      return `**${inline(block.picture.title)}.** ${inline(block.picture.text)}`;
    case "table": {
      const { caption, columns, rows, note } = block;
      return [
        `**${inline(caption)}**`,
        table(
          columns.map(({ name, kind }) => ({ name, isFigure: kind === "figure" })),
          rows.map((row) => row.map((cell) => cell.text)),
        ),
        ...(note === undefined ? [] : [inline(note)]),
      ].join("\n\n");
    }
  }
}

const line = (cells: readonly string[]): string => `| ${cells.map(inline).join(" | ")} |`;

function table(
  columns: readonly { readonly name: string; readonly isFigure: boolean }[],
  rows: readonly (readonly string[])[],
): string {
  return [
    line(columns.map(({ name }) => name)),
    `|${columns.map(({ isFigure }) => (isFigure ? "---:" : "---")).join("|")}|`,
    ...rows.map(line),
  ].join("\n");
}

/** Everything that could begin something else, behind a backslash; HTML as entities. */
export const inline = (words: string): string =>
  words
    .replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]#|~!]/g, (one) => `\\${one}`);
