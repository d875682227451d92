/**
 * Run follower: whoever looks on while a run works, from the first row on.
 *
 * What must stay true: it reads the engine and changes nothing of it; and it throws nothing, for
 * it is told in the middle of the run's own work.
 */
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Engine } from "../../core/engine.ts";

/** `record`: number of the event in the journal, where that has numbers. */
type Told = (
  record: number | undefined,
  event: EngineEvent,
  outputs: readonly EngineOutput[],
) => void;

export interface RunFollower {
  /** The engine is made and has seen nothing; its observer tells of seconds (`WatchedObserver`). */
  begun(engine: Engine): void;
  /** Stands in the journal of before a restart, and is taken up behind the rows before it. */
  readonly recalled: Told;
  /** Has been stepped just now. */
  readonly stepped: Told;
  /** Rows have been seen. */
  rowsSeen?(): void;
}
