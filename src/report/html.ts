/**
 * HTML: a document as one self-contained page: no script, nothing fetched, fit for print.
 *
 * Every word is escaped here and nowhere else. What must stay true: the page's own policy lets
 * nothing run and nothing load, and the page needs nothing that it forbids.
 */
import type { Block, Cell, Headline, ReportDocument, Section } from "./document.ts";
import { STYLE } from "./style.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function htmlOf(document: ReportDocument): string {
  const { title, subtitle, headlines, sections, footer } = document;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    "<header>",
    `<h1>${escaped(title)}</h1>`,
    `<p class="subtitle">${escaped(subtitle)}</p>`,
    `<dl class="headlines">${headlines.map(headlineHtml).join("")}</dl>`,
    "</header>",
    "<main>",
    ...sections.map(sectionHtml),
    "</main>",
    `<footer>${footer.map((line) => `<p>${escaped(line)}</p>`).join("")}</footer>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Also what would turn the direction of writing, or end a line where none ends. */
export const escaped = (words: string): string =>
  words
    .replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, " ")
    .replaceAll(/[&<>"']/g, (one) => ESCAPES[one]!);

const headlineHtml = ({ name, value, note, tone }: Headline): string =>
  `<div><dt>${escaped(name)}</dt><dd class="${tone ?? "plain"}">${escaped(value)}</dd>` +
  `<dd class="note">${escaped(note)}</dd></div>`;

const sectionHtml = ({ title, blocks }: Section): string =>
  `<section>\n<h2>${escaped(title)}</h2>\n${blocks.map(blockHtml).join("\n")}\n</section>`;

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p class="${block.tone ?? "plain"}">${escaped(block.text)}</p>`;
    case "heading":
      return `<h3>${escaped(block.text)}</h3>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul>`;
    case "picture":
      return pictureHtml(block);
    case "table":
      return tableHtml(block);
  }
}

/** What it shows stands in words beneath it, and is what a reader for the blind is told. */
function pictureHtml({ picture }: Extract<Block, { kind: "picture" }>): string {
  const { title, text, svg } = picture;
  const label = escaped(`${title}. ${text}`);
  return (
    `<figure><h3>${escaped(title)}</h3>` +
    svg.replace("<svg ", `<svg role="img" aria-label="${label}" `) +
    `<figcaption>${escaped(text)}</figcaption></figure>`
  );
}

function tableHtml({ caption, columns, rows, note }: Extract<Block, { kind: "table" }>): string {
  const head = columns
    .map(({ name, kind }) => `<th scope="col" class="${kind}">${escaped(name)}</th>`)
    .join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell, k) => cellHtml(cell, columns[k]!.kind)).join("")}</tr>`)
    .join("\n");
  const below = note === undefined ? "" : `<p class="note">${escaped(note)}</p>`;
  return (
    `<div class="table" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>` +
    `<caption>${escaped(caption)}</caption>` +
    `<thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>${below}`
  );
}

const cellHtml = ({ text, tone }: Cell, kind: string): string =>
  `<td class="${kind}${tone === undefined ? "" : ` ${tone}`}">${escaped(text)}</td>`;
