/**
 * Past plans: what the orders of a run that was gone on with had planned before that.
 *
 * A restart takes its journal as it stands and makes no plan of before again: orders that rest wait
 * for it. Once somebody looks at such an order, a copy of the journal is folded as for a replay,
 * which makes each plan again, and the viewer is told. What must stay true: it is done once for a
 * run, in turns between the run's own, and what cannot be folded stays unknown.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { RunViewer } from "../../view/run-viewer.ts";
import type { DeskFault, OpenedJournal } from "./desk-terms.ts";

interface Followed {
  readonly journal: string;
  readonly viewer: RunViewer | undefined;
  readonly isRecovering: boolean;
}

export class PastPlans {
  readonly #open: (journal: string) => Promise<Result<OpenedJournal, DeskFault>>;
  readonly #onLearned: () => void;
  readonly #asked = new Set<string>();

  /** @param open a fold of the journal as it lies on the disk now. */
  constructor(
    open: (journal: string) => Promise<Result<OpenedJournal, DeskFault>>,
    onLearned: () => void,
  ) {
    this.#open = open;
    this.#onLearned = onLearned;
  }

  /** Somebody looks at an order of this run. */
  want({ journal, viewer, isRecovering }: Followed): void {
    if (viewer?.wasRecalled !== true || isRecovering || this.#asked.has(journal)) return;
    this.#asked.add(journal);
    // A picture is not worth a fault: without it the plan stays unknown, and is shown so.
    void this.#learn(journal, viewer).catch(() => undefined);
  }

  async #learn(journal: string, viewer: RunViewer): Promise<void> {
    const opened = await this.#open(journal);
    if (!opened.ok) return;
    const { records, parentIds } = opened.value;
    try {
      await opened.value.at(records, []);
      for (const parentId of parentIds) {
        const { orders } = await opened.value.at(records, [parentId]);
        for (const { trajectory } of orders) viewer.learnPlan(parentId, trajectory);
        this.#onLearned();
      }
    } finally {
      opened.value.close();
    }
  }
}
