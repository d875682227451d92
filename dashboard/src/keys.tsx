/**
 * Keys: what the keyboard does anywhere on the page, and the list of it behind `?`.
 */
import { signal } from "@preact/signals";
import { askToKill } from "./kill-switch.tsx";
import { takesOrders } from "./state/desk.ts";
import { open, type Room } from "./state/route.ts";
import { Dialog } from "./widgets/dialog.tsx";

const isShown = signal(false);

const LIST: readonly (readonly [key: string, what: string])[] = [
  ["j, k or arrows", "down and up in a table"],
  ["Enter", "open the order"],
  ["/", "filter the list"],
  ["o", "orders"],
  ["n", "new order"],
  ["m", "markets"],
  ["a", "advisor"],
  ["e", "events"],
  ["r", "journals and replay"],
  ["w", "what waits for a second person"],
  ["K", "stop everything: it still asks for the word"],
  ["Escape", "leave a field or a box"],
  ["?", "this list"],
];

const ROOM_OF: Readonly<Record<string, Room>> = {
  o: "orders",
  n: "new",
  m: "market",
  a: "advisor",
  e: "events",
  r: "replay",
  w: "approvals",
};

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;

const isWalk = (key: string): boolean =>
  key === "j" || key === "k" || key === "ArrowDown" || key === "ArrowUp";

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target)) {
    const { target } = event;
    if (event.key === "Escape" && target instanceof HTMLInputElement) {
      target.blur();
      document.querySelector<HTMLElement>("[role=grid]")?.focus();
    }
    return;
  }
  const room = ROOM_OF[event.key];
  if (event.key === "?") isShown.value = true;
  else if (event.key === "/") document.querySelector<HTMLElement>("[data-filter]")?.focus();
  else if (event.key === "K") askToKill();
  else if (room === "new" && !takesOrders()) return;
  else if (room !== undefined) open(room);
  else if (isWalk(event.key) && document.activeElement === document.body) {
    const grid = document.querySelector<HTMLElement>("[role=grid]");
    grid?.focus();
    grid?.dispatchEvent(new KeyboardEvent("keydown", { key: event.key }));
  } else return;
  event.preventDefault();
}

export const listenToKeys = (): void => addEventListener("keydown", onKey);
export const showKeys = (): void => void (isShown.value = true);

export function KeyList() {
  if (!isShown.value) return null;
  const close = (): void => void (isShown.value = false);
  return (
    <Dialog title="Keys" onClose={close}>
      <dl class="keys">
        {LIST.filter(([key]) => key !== "n" || takesOrders()).map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-end">
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
