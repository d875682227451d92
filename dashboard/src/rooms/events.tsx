/**
 * Events room: what happened on the whole desk, newest first.
 */
import { useSignal } from "@preact/signals";
import { replica } from "../state/desk.ts";
import { Events } from "./order-tables.tsx";

export function EventsRoom() {
  const filter = useSignal("");
  return (
    <div class="room room-events">
      <h1>Events</h1>
      <div class="tools">
        <input
          type="search"
          data-filter
          aria-label="Filter events"
          placeholder="Filter ( / )"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
      </div>
      <Events entries={replica.events.value} filter={filter.value} height={2000} />
    </div>
  );
}
