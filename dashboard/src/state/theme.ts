/**
 * Theme: dark or light, as the system has it until somebody chooses; charts take colours here.
 */
import { computed, effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";

const KEPT = "arrival-theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(systemDark.matches);
systemDark.addEventListener("change", ({ matches }) => (isSystemDark.value = matches));

const kept = localStorage.getItem(KEPT);
const chosen = signal<Theme | undefined>(kept === "dark" || kept === "light" ? kept : undefined);
export const theme = computed<Theme>(() => chosen.value ?? (isSystemDark.value ? "dark" : "light"));
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

export function switchTheme(): void {
  chosen.value = theme.peek() === "dark" ? "light" : "dark";
  localStorage.setItem(KEPT, chosen.value);
}

/** Blue and orange are told apart by nearly everyone; each line has its own dash besides. */
const PALETTES = {
  dark: {
    text: "#c9d1d9",
    grid: "#253041",
    ground: "#121a26",
    own: "#f2a33a",
    plan: "#4ea1f3",
    band: "rgba(78, 161, 243, 0.18)",
    quiet: "#8b97a8",
    bid: "#4ea1f3",
    ask: "#f2a33a",
  },
  light: {
    text: "#1d2733",
    grid: "#dde3ea",
    ground: "#ffffff",
    own: "#b35c00",
    plan: "#0b62b5",
    band: "rgba(11, 98, 181, 0.15)",
    quiet: "#5a6675",
    bid: "#0b62b5",
    ask: "#b35c00",
  },
} as const;
export type Palette = Readonly<Record<keyof (typeof PALETTES)["dark"], string>>;
export const palette = computed<Palette>(() => PALETTES[theme.value]);
