/**
 * Replay: any journal, as all was behind any of its records: a slider over what happened, and play.
 */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  api,
  type JournalMoment,
  type JournalNote,
  type OpenedNote,
  type Refusal,
} from "../state/api.ts";
import { dayAndClock } from "../format.ts";
import { addressOf } from "../state/route.ts";
import { MarketPanels } from "./market.tsx";
import { Events } from "./order-tables.tsx";
import { OrderHead, OrderPanels } from "./order.tsx";

/** Between two marks while it plays. */
const STEP_MS = 400;

export function Replay({ name }: { name: string }) {
  return name === "" ? <Journals /> : <OpenJournal key={name} name={name} />;
}

function Journals() {
  const journals = useSignal<readonly JournalNote[] | undefined>(undefined);
  const refusal = useSignal<Refusal | undefined>(undefined);
  useEffect(() => {
    void api.journals().then((answer) => {
      if (answer.ok) journals.value = answer.value.journals;
      else refusal.value = answer.refusal;
    });
  }, []);
  return (
    <div class="room">
      <h1>Journals</h1>
      {refusal.value !== undefined && <Refused refusal={refusal.value} />}
      {journals.value === undefined && refusal.value === undefined && <p class="quiet">Looking…</p>}
      {journals.value?.length === 0 && <p>No journal lies in the desk's folder.</p>}
      <ul class="links">
        {journals.value?.map(({ journal, instrument, parentIds, startAt, isLive }) => (
          <li key={journal}>
            <a href={addressOf("replay", journal)}>{journal}</a>{" "}
            <span class="quiet">
              {instrument}, {parentIds.length} {parentIds.length === 1 ? "order" : "orders"}, from{" "}
              {dayAndClock(startAt)} UTC{isLive && ", at work"}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Refused({ refusal }: { refusal: Refusal }) {
  return (
    <p class="unwell" role="alert">
      ✕ {refusal.text} ({refusal.code})
    </p>
  );
}

interface Film {
  readonly opened: Signal<OpenedNote | undefined>;
  readonly moment: Signal<JournalMoment | undefined>;
  readonly refusal: Signal<Refusal | undefined>;
  /** Place among the marks. */
  readonly at: Signal<number>;
  readonly isPlaying: Signal<boolean>;
}

/** What is wanted last is fetched last: who drags the slider is not shown each step on the way. */
function useFilm(name: string): Film {
  const opened = useSignal<OpenedNote | undefined>(undefined);
  const moment = useSignal<JournalMoment | undefined>(undefined);
  const refusal = useSignal<Refusal | undefined>(undefined);
  const at = useSignal(0);
  const isPlaying = useSignal(false);
  useEffect(() => {
    void api.journal(name).then((answer) => {
      if (!answer.ok) {
        refusal.value = answer.refusal;
        return;
      }
      at.value = Math.max(0, answer.value.marks.length - 1);
      opened.value = answer.value;
    });
  }, [name]);
  useEffect(() => {
    const marks = opened.value?.marks ?? [];
    const record = marks[at.value]?.record ?? opened.value?.records;
    if (record === undefined) return undefined;
    let isWanted = true;
    let next: ReturnType<typeof setTimeout> | undefined;
    void api.moment(name, record).then((answer) => {
      if (!isWanted) return;
      if (answer.ok) moment.value = answer.value;
      else refusal.value = answer.refusal;
      if (!isPlaying.value) return;
      if (!answer.ok || at.value >= marks.length - 1) isPlaying.value = false;
      else next = setTimeout(() => (at.value += 1), STEP_MS);
    });
    return () => {
      isWanted = false;
      clearTimeout(next);
    };
  }, [name, opened.value, at.value, isPlaying.value]);
  return { opened, moment, refusal, at, isPlaying };
}

function OpenJournal({ name }: { name: string }) {
  const film = useFilm(name);
  const { opened, moment, refusal } = film;
  const chosen = useSignal("");
  const order =
    moment.value?.orders.find(({ row }) => row.parentId === chosen.value) ??
    moment.value?.orders[0];
  return (
    <div class="room room-replay">
      <h1>
        Replay <span class="quiet">{name}</span>
      </h1>
      {refusal.value !== undefined && <Refused refusal={refusal.value} />}
      {opened.value === undefined && refusal.value === undefined && (
        <p class="quiet">The journal is folded again…</p>
      )}
      {opened.value !== undefined && <Slider film={film} opened={opened.value} />}
      {moment.value !== undefined && moment.value.orders.length > 1 && (
        <label class="tools">
          Order
          <select
            value={order?.row.parentId}
            onChange={(event) => (chosen.value = event.currentTarget.value)}
          >
            {moment.value.orders.map(({ row }) => (
              <option key={row.parentId}>{row.parentId}</option>
            ))}
          </select>
        </label>
      )}
      {order !== undefined && moment.value !== undefined && (
        <>
          <OrderHead view={order} />
          <OrderPanels view={order} market={moment.value.market} />
        </>
      )}
      {moment.value !== undefined && (
        <>
          <h2>The market then</h2>
          <MarketPanels view={moment.value.market} />
          <Events entries={moment.value.timeline} />
        </>
      )}
    </div>
  );
}

function Slider({ film, opened }: { film: Film; opened: OpenedNote }) {
  const { at, isPlaying, moment } = film;
  const last = Math.max(0, opened.marks.length - 1);
  const step = (by: number): void => {
    isPlaying.value = false;
    at.value = Math.max(0, Math.min(last, at.value + by));
  };
  const play = (): void => {
    if (!isPlaying.value && at.value >= last) at.value = 0;
    isPlaying.value = !isPlaying.value;
  };
  return (
    <div class="film" role="group" aria-label="Move through time">
      <button type="button" onClick={() => step(-1)} disabled={at.value === 0}>
        ◀ <span class="unseen">step back</span>
      </button>
      <button type="button" onClick={play} class="main" data-play>
        {isPlaying.value ? "❚❚ Stop" : "▶ Play"}
      </button>
      <button type="button" onClick={() => step(1)} disabled={at.value === last}>
        ▶ <span class="unseen">step on</span>
      </button>
      <input
        type="range"
        min={0}
        max={last}
        value={at.value}
        aria-label="Moment"
        aria-valuetext={
          moment.value === undefined ? "" : `record ${moment.value.record} of ${opened.records}`
        }
        onInput={(event) => {
          isPlaying.value = false;
          at.value = Number(event.currentTarget.value);
        }}
      />
      <output>
        {moment.value === undefined
          ? "…"
          : `${dayAndClock(moment.value.time)} UTC, record ${moment.value.record} of ${opened.records}`}
      </output>
    </div>
  );
}
