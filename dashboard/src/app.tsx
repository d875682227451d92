/**
 * App: the frame around every room: where to go, whether the line stands, who is logged in, and
 * the kill switch.
 */
import { KeyList, showKeys } from "./keys.tsx";
import { KillSwitch } from "./kill-switch.tsx";
import { AdvisorRoom } from "./rooms/advice.tsx";
import { Approvals } from "./rooms/approvals.tsx";
import { EventsRoom } from "./rooms/events.tsx";
import { LogIn } from "./rooms/log-in.tsx";
import { MarketRoom } from "./rooms/market.tsx";
import { NewOrder } from "./rooms/new-order.tsx";
import { LiveOrder } from "./rooms/order.tsx";
import { Orders } from "./rooms/orders.tsx";
import { Replay } from "./rooms/replay.tsx";
import { logOut, replica, takesOrders, who } from "./state/desk.ts";
import { addressOf, type Room, route } from "./state/route.ts";
import { switchTheme, theme } from "./state/theme.ts";

const NAV: readonly (readonly [room: Room, title: string])[] = [
  ["orders", "Orders"],
  ["market", "Markets"],
  ["advisor", "Advisor"],
  ["events", "Events"],
  ["replay", "Replay"],
  ["approvals", "Approvals"],
  ["new", "New order"],
];

/** The strategies that the program brings; others are typed. */
const STRATEGIES = ["twap", "vwap", "pov", "is", "ow"] as const;

export function App() {
  if (who.value === undefined) return <p class="first-word">Arrival is loading…</p>;
  if (who.value === null) return <LogIn />;
  return (
    <>
      <Header />
      <Banner />
      <main id="main">
        <RoomOf />
      </main>
      <KeyList />
      <datalist id="strategies">
        {STRATEGIES.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

function RoomOf() {
  const { room, name } = route.value;
  switch (room) {
    case "order":
      return <LiveOrder key={name} name={name} />;
    case "market":
      return <MarketRoom key={name} name={name} />;
    case "advisor":
      return <AdvisorRoom key={name} name={name} />;
    case "new":
      return <NewOrder />;
    case "replay":
      return <Replay key={name} name={name} />;
    case "approvals":
      return <Approvals />;
    case "events":
      return <EventsRoom />;
    default:
      return <Orders />;
  }
}

function Header() {
  const { room } = route.value;
  const waiting = replica.approvals.value.length;
  const isOpen = (each: Room): boolean => each === room || (each === "orders" && room === "order");
  return (
    <header class="top">
      <a class="brand" href={addressOf("orders")}>
        Arrival
      </a>
      <nav aria-label="Rooms">
        {NAV.filter(([each]) => each !== "new" || takesOrders()).map(([each, title]) => (
          <a
            key={each}
            href={addressOf(each)}
            aria-current={isOpen(each) ? "page" : undefined}
            class={each === "new" ? "new" : ""}
          >
            {title}
            {each === "approvals" && waiting > 0 && <span class="count">{waiting}</span>}
          </a>
        ))}
      </nav>
      <div class="right">
        <LinkState />
        <button type="button" onClick={switchTheme} title="Dark or light">
          {theme.value === "dark" ? "☀" : "☾"}
          <span class="unseen">
            {theme.value === "dark" ? "to the light theme" : "to the dark theme"}
          </span>
        </button>
        <button type="button" onClick={showKeys} title="Keys">
          ?<span class="unseen"> keys</span>
        </button>
        <button type="button" onClick={() => void logOut()} title="Log out">
          {who.value?.user} <span class="quiet">({who.value?.role})</span>
          <span class="unseen"> log out</span>
        </button>
        <KillSwitch />
      </div>
    </header>
  );
}

const LINKS = {
  live: ["●", "live"],
  connecting: ["◌", "connecting"],
  lost: ["✕", "no line"],
} as const;

function LinkState() {
  const [mark, word] = LINKS[replica.link.value];
  return (
    <span class={`link link-${replica.link.value}`} role="status" data-link={replica.link.value}>
      <span aria-hidden="true">{mark}</span> {word}
    </span>
  );
}

/** What concerns all rooms: a broken line, runs in trouble, a refusal of the stream. */
function Banner() {
  const troubles = replica.runs.value.filter(({ trouble }) => trouble !== null);
  const isOld = replica.link.value === "lost";
  const refusal = replica.refusal.value;
  return (
    <div class="banners" role="status">
      {isOld && (
        <p class="banner">
          ✕ The line to the server is broken: what is shown is from before. It is tried again.
        </p>
      )}
      {refusal !== undefined && <p class="banner">{refusal}</p>}
      {troubles.map(({ journal, instrument, trouble }) => (
        <p class="banner" key={journal}>
          ⚠ {instrument}: {trouble}
        </p>
      ))}
    </div>
  );
}
