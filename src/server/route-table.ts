/**
 * Route table: every way in, and the least that somebody must be to take it.
 *
 * What must stay true: a route that does not stand here cannot be registered, so none can be
 * forgotten; and who may do what is read here and nowhere else.
 */
import type { Role } from "../view/stream.ts";

export type Need = Role | "anyone";

export interface RouteNeed {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As Fastify writes it. */
  readonly url: string;
  readonly need: Need;
  /** It changes something at the desk: refused where the server only looks on. */
  readonly changes: boolean;
  readonly summary: string;
}

export const API = "/api/v1";

const reads = (url: string, need: Need, summary: string): RouteNeed => ({
  method: "GET",
  url,
  need,
  changes: false,
  summary,
});
const acts = (method: "POST" | "PATCH", url: string, need: Need, summary: string): RouteNeed => ({
  method,
  url,
  need,
  changes: true,
  summary,
});

const order = `${API}/orders/:parentId`;
const approval = `${API}/approvals/:id`;
const journal = `${API}/journals/:journal`;

export const ROUTES = {
  logIn: {
    method: "POST",
    url: `${API}/session`,
    need: "anyone",
    changes: false,
    summary: "Trades a token for a session's cookie.",
  },
  logOut: {
    method: "DELETE",
    url: `${API}/session`,
    need: "viewer",
    changes: false,
    summary: "Ends the session, and its streams.",
  },
  whoAmI: reads(`${API}/session`, "viewer", "Who the server takes you for."),
  health: reads(`${API}/health`, "anyone", "Whether it is there, and how it is in one word."),
  document: reads(`${API}/openapi.json`, "anyone", "This document."),
  metrics: reads("/metrics", "viewer", "Figures for Prometheus."),
  stream: reads(`${API}/stream`, "viewer", "WebSocket: states as they change."),

  runs: reads(`${API}/runs`, "viewer", "Runs that stand, and those of other processes."),
  orders: reads(`${API}/orders`, "viewer", "The list of orders, newest first."),
  order: reads(order, "viewer", "One order, whole."),
  why: reads(`${order}/why`, "viewer", "What was decided and advised for an order, and why."),
  submit: acts("POST", `${API}/orders`, "trader", "An order is taken on, or waits for a word."),
  preview: {
    method: "POST",
    url: `${API}/orders/preview`,
    need: "viewer",
    changes: false,
    summary: "What an order would mean if it began now. Nothing is sent.",
  },
  pause: acts("POST", `${order}/pause`, "trader", "Nothing more is sent until it is resumed."),
  resume: acts("POST", `${order}/resume`, "trader", "It goes on."),
  amend: acts("POST", `${order}/amend`, "trader", "Its terms are others from now on."),
  cancel: acts("POST", `${order}/cancel`, "trader", "It ends, and what rests is withdrawn."),
  switch: acts("POST", `${order}/switch`, "trader", "Another strategy goes on with it."),

  markets: reads(`${API}/markets`, "viewer", "Instruments of runs that stand."),
  market: reads(`${API}/markets/:instrument`, "viewer", "One market, as the desk sees it."),
  limits: reads(`${API}/limits/:instrument`, "viewer", "The limits of a run."),
  setLimits: acts("PATCH", `${API}/limits/:instrument`, "admin", "Limits that are named change."),
  kill: acts("POST", `${API}/kill`, "trader", "All runs stop; what rests is withdrawn."),
  timeline: reads(`${API}/timeline`, "viewer", "What happened, oldest first: the newest 500."),

  approvals: reads(`${API}/approvals`, "viewer", "What waits for a second person's word."),
  propose: acts("POST", `${API}/approvals`, "viewer", "An order that waits for a trader's word."),
  agree: acts("POST", `${approval}/agree`, "trader", "Exactly what was asked is carried out."),
  refuse: acts("POST", `${approval}/refuse`, "trader", "It is dropped."),

  journals: reads(`${API}/journals`, "viewer", "Journals of the folder, with their orders."),
  journal: reads(journal, "viewer", "A journal is folded again: its orders and its marks."),
  moment: reads(`${journal}/moment`, "viewer", "All that was known behind a record."),

  page: reads("/", "anyone", "The page."),
  file: reads("/*", "anyone", "A file of the page."),
} as const satisfies Readonly<Record<string, RouteNeed>>;

export type RouteName = keyof typeof ROUTES;

const RANK: Readonly<Record<Need, number>> = { anyone: 0, viewer: 1, trader: 2, admin: 3 };

export const isEnough = (role: Need, need: Need): boolean => RANK[role] >= RANK[need];
