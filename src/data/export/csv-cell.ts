/**
 * CSV cell: a value as RFC 4180 has it. The one place where quotes are put around anything.
 */

/** What is unknown is empty. */
export function csvCell(value: string | number | bigint | boolean | null): string {
  const cell = String(value ?? "");
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
