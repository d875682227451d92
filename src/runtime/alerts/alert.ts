/**
 * Alert: one thing that a person should know of a run while it works, wherever they are.
 *
 * Kinds are what people choose by; codes are stable and stand in docs/errors.md. What must stay
 * true: an alert is made of what the journal and the notices say anyway, and never of a secret.
 */
export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * `run`: start and end. `operator`: what somebody told the run to do. `order`: a child order or a
 * fill is not as it should be. `other`: what has no kind of its own.
 */
export const ALERT_KINDS = [
  "kill",
  "halt",
  "feed",
  "shortfall",
  "position",
  "order",
  "run",
  "operator",
  "other",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export interface RunAlert {
  readonly severity: Severity;
  readonly code: string;
  readonly text: string;
}

const KINDS: readonly (readonly [AlertKind, RegExp])[] = [
  ["kill", /^KILLED$|^RUN_KILL/],
  ["halt", /HALTED$|^RUN_MARKET_FILE$|^RUN_UNCONFIRMED$|^JOURNAL_/],
  ["feed", /^VENUE_FEED|^RUN_MARKET_DATA$/],
  ["shortfall", /^SHORTFALL/],
  ["position", /POSITION/],
  ["order", /ORDER|FILL|EXECUTION|DUPLICATE/],
  ["run", /^RUN_(?:BEGUN|FINISHED)$|^RESUMED$|^RECOVERED$/],
  ["operator", /^RUN_OPERATED$|^LIMITS_CHANGED$/],
];

export const kindOf = (code: string): AlertKind =>
  KINDS.find(([, pattern]) => pattern.test(code))?.[0] ?? "other";

export const isAtLeast = (severity: Severity, minimum: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minimum);
