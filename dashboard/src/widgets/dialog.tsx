/**
 * Dialog: a box that asks before something is done, and says what came of it.
 *
 * It is the browser's own `<dialog>`: Escape leaves it, the focus stays in it and goes back after.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Refusal } from "../state/api.ts";

export type Outcome =
  | { readonly kind: "asking" }
  | { readonly kind: "taken"; readonly text: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export function Dialog({
  title,
  children,
  onClose,
}: {
  title: string;
  children: ComponentChildren;
  onClose(): void;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

/** Said to a screen reader too, whichever it is. */
export function OutcomeLine({ outcome }: { outcome: Outcome | undefined }) {
  return (
    <p class={`outcome ${outcome?.kind ?? ""}`} role="status" data-outcome={outcome?.kind ?? ""}>
      {outcome?.kind === "asking" && "Asking…"}
      {outcome?.kind === "taken" && `✓ ${outcome.text}`}
      {outcome?.kind === "refused" &&
        `✕ Refused: ${outcome.refusal.text} (${outcome.refusal.code})`}
    </p>
  );
}
