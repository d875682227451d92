/**
 * Style: how a report looks on paper, in the light and in the dark.
 *
 * Colours are variables, which the pictures use too. What must stay true: nothing is told by colour
 * alone; text has a contrast of at least 4.5 to 1.
 */

const LIGHT = `
  --page: #ffffff; --card: #f6f7f9; --rule: #d5d9e0;
  --ink: #16191d; --dim: #59616c; --grid: #e4e7ec;
  --blue: #0072b2; --orange: #d55e00; --green: #009e73; --sky: #56b4e9; --purple: #a3487c;
  --yellow: #8a6100;
  --paid: #a94400; --gain: #00684c;`;

const DARK = `
  --page: #14171b; --card: #1d2127; --rule: #363c45;
  --ink: #e9ecf0; --dim: #a3acb8; --grid: #2b3038;
  --blue: #4aa8e0; --orange: #f08a3c; --green: #2fc295; --sky: #7cc7f2; --purple: #d98ab3;
  --yellow: #e6b450;
  --paid: #f4a266; --gain: #5fd3ae;`;

export const STYLE = `
:root {${LIGHT}
  color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root {${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 24px 40px; max-width: 1040px; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 34px 0 10px; padding-bottom: 5px;
  border-bottom: 1px solid var(--rule); }
h3 { font-size: 14px; margin: 18px 0 6px; }
p { margin: 8px 0; }
.subtitle { color: var(--dim); margin: 0; overflow-wrap: anywhere; }
.headlines { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px;
  margin: 18px 0 0; }
.headlines div { background: var(--card); border: 1px solid var(--rule); border-radius: 6px;
  padding: 10px 12px; }
.headlines dt { color: var(--dim); font-size: 12.5px; }
.headlines dd { margin: 0; font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums; }
.headlines dd.note { font-size: 12px; font-weight: 400; color: var(--dim); }
.paid { color: var(--paid); } .gain { color: var(--gain); }
.met { color: var(--gain); } .missed { color: var(--paid); font-weight: 650; }
.strong { font-weight: 650; } .dim, .note, figcaption { color: var(--dim); }
.note, figcaption { font-size: 12.5px; }
ul { padding-left: 20px; margin: 8px 0; } li { margin: 4px 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 10px 0 4px; font-size: 13px; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { padding: 4px 9px; vertical-align: top; border-bottom: 1px solid var(--rule); }
th { color: var(--dim); font-weight: 600; font-size: 12px; }
.text { text-align: left; overflow-wrap: break-word; }
.figure { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr > :first-child { padding-left: 0; }
figure { margin: 16px 0; }
figure h3 { margin: 0 0 4px; }
svg { display: block; width: 100%; height: auto; }
footer { margin-top: 36px; border-top: 1px solid var(--rule); color: var(--dim);
  font-size: 12.5px; }
@media screen and (max-width: 700px) { table { min-width: 620px; } body { padding: 20px 16px; } }
@media print {
  :root {${LIGHT} }
  @page { size: A4; margin: 14mm 13mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; } h3, caption { break-after: avoid; }
  figure, tr, .headlines div { break-inside: avoid; }
  thead { display: table-header-group; }
  .table { overflow: visible; } table { font-size: 8.6pt; } th { font-size: 8pt; }
  svg { max-width: 100%; }
}
`;
