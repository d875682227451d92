/**
 * `arrival run`: one parent order on a live venue, or on paper against a live market.
 */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import type { Micros } from "../core/domain/units.ts";
import { BYBIT_DEPTHS } from "../data/recorder/bybit-feed.ts";
import { FEED_FORMS } from "../feeds/feed-forms.ts";
import type { ArrivalConfig } from "../runtime/config.ts";
import { parseDuration } from "../runtime/duration.ts";
import { INTERRUPT_POLICIES, type InterruptPolicy } from "../runtime/live/live-config.ts";
import { newParentId } from "../runtime/live/parent-id.ts";
import {
  chooseVenue,
  POSITION_SIDES,
  type PositionSide,
  type VenueName,
  VENUES,
} from "../runtime/live/venue-choice.ts";
import { type Network, NETWORKS } from "../venues/bybit/hosts.ts";
import {
  addAdviceOptions,
  addOrderOptions,
  configOf,
  experienceOption,
  type OrderFlags,
  sideOption,
} from "./order-options.ts";
import { CommandError } from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { runLive } from "./run-live.ts";
import { addDashboardOptions, type DashboardFlags } from "./serve-options.ts";

export interface RunFlags extends OrderFlags, PluginFlags, DashboardFlags {
  readonly venue: VenueName;
  readonly network?: Network;
  readonly localUrl?: string;
  readonly symbol: string;
  readonly category: ContractKind;
  readonly depth?: number;
  readonly reduceOnly?: boolean;
  readonly journal?: string;
  readonly onInterrupt?: InterruptPolicy;
  readonly killFile?: string;
  readonly maxOrderValue?: number;
  readonly minOrderInterval?: Micros;
  readonly dcp?: Micros;
  readonly leverage?: string;
  readonly position?: PositionSide;
  readonly credentials?: string;
  readonly linger?: Micros;
  readonly experience?: string;
  readonly news?: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("work one parent order on a live venue, or on paper against a live market")
    .addOption(venueOption())
    .addOption(networkOption())
    .option("--local-url <url>", "what `arrival exchange` printed, for --network local")
    .requiredOption("--symbol <name>", "such as BTCUSDT", symbolOf)
    .addOption(
      new Option("--category <kind>", "what the symbol is traded as")
        .choices(["spot", "linear", "inverse"])
        .default("linear"),
    )
    .addOption(sideOption().makeOptionMandatory())
    .option("--quantity <n>", "how much, in units of the instrument")
    .option("--notional <n>", "how much, in quote coin");
  addAdviceOptions(addOrderOptions(command, {}));
  sayOtherwise(command);
  addLiveOptions(command).addOption(pluginOption()).option("--json", "print one JSON document");
  addDashboardOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: RunFlags) => {
      const plugins = await pluginsOf(flags);
      const config = liveConfigOf(flags, configOf(flags, plugins));
      const { venue, network, localUrl, symbol, category, side, quantity, depth, seed } = flags;
      if (venue !== "paper" && network === undefined) {
        throw new CommandError("USAGE", `say which with --network: ${NETWORKS.join(", ")}`);
      }
      if ((quantity === undefined) === (flags.notional === undefined)) {
        throw new CommandError("USAGE", "give either --quantity or --notional");
      }
      const parentId = newParentId(Date.now(), Math.random);
      const chosen = chooseVenue({
        venue,
        network: network ?? "mainnet",
        localUrl,
        symbol,
        category,
        side,
        quantity,
        depth,
        config,
        seed,
        parentId,
        credentials: flags.credentials,
        environment: process.env,
        position: flags.position,
        leverage: flags.leverage,
        dcp: flags.dcp,
      });
      if (!chosen.ok) throw new CommandError(chosen.error.code, chosen.error.text);
      const journal = flags.journal ?? `${parentId}.journal`;
      process.exitCode = await runLive(chosen.value, flags, { config, plugins, parentId, journal });
    });
}

const EXAMPLES = `
Examples:
  arrival run --venue paper --symbol BTCUSDT --side buy --quantity 0.5 --over 10m
  arrival run --venue bybit --network local --local-url http://127.0.0.1:8080 \\
    --symbol BTCUSDT --side buy --quantity 1 --over 2m
  arrival run --venue bybit --network mainnet --symbol BTCUSDT --side sell --quantity 1 \\
    --over 10m --limit 60000 --on-interrupt cancel
  arrival run --venue paper --symbol BTCUSDT --side buy --quantity 5 --over 1h --dashboard`;

function addLiveOptions(command: Command): Command {
  command
    .addOption(experienceOption())
    .option("--reduce-only", "only close what is open, never open anything")
    .option("--journal <file>", "where the journal goes [made from the order's id]")
    .addOption(
      new Option(
        "--on-interrupt <policy>",
        "what Ctrl-C does: leave what rests, cancel it, or finish now by --residual [cancel]",
      ).choices(INTERRUPT_POLICIES),
    );
  return addTradingOptions(command)
    .option("--linger <span>", "look on for so long after the end, for markouts [0s]", spanOf)
    .option("--yes", "send orders on mainnet without being asked");
}

/** How a venue is opened and what holds for all that is sent there, of one order or of many. */
export function addTradingOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--depth <levels>", "levels a side of the book [200]")
        .choices(BYBIT_DEPTHS.map(String))
        .argParser(depthOf),
    )
    .option(
      "--kill-file <file>",
      "kill the run once this is there; NAME.kill beside the journal always does",
    )
    .option("--max-order-value <usd>", "no order is worth more than this [100000]", valueOf)
    .option("--min-order-interval <span>", "between orders that cross the spread [5s]", spanOf)
    .option(
      "--dcp <span>",
      "if we are gone for so long the venue cancels all orders of the account in this product, " +
        "other programs' too, and it stays set after the run [off]",
      spanOf,
    )
    .option("--leverage <n>", "set this leverage before the start [left as it is]", leverageOf)
    .addOption(
      new Option("--position <side>", "which side of a hedged account it trades").choices(
        POSITION_SIDES,
      ),
    )
    .option("--credentials <file>", "key and secret, in a file that nobody else can read")
    .option("--news <feed...>", `news that an advisor is shown: ${FEED_FORMS.join(", ")}`);
}

/** Where it trades. */
export const venueOption = (): Option =>
  new Option("--venue <name>", "bybit sends orders; paper sends none, and needs no keys")
    .choices(VENUES)
    .makeOptionMandatory();
export const networkOption = (): Option =>
  new Option("--network <name>", "whose; paper looks at mainnet unless told").choices(NETWORKS);

/** Some options mean something else where nothing is simulated. */
function sayOtherwise(command: Command): void {
  const say = (long: string, text: string): void => {
    const option = command.options.find((each) => each.long === long);
    if (option !== undefined) option.description = text;
  };
  say("--start", "wait so long before the start [0s]");
  say("--queue", "how our place in a queue is estimated, on paper [risk-averse]");
  const market = command.options.find(({ long }) => long === "--market");
  if (market !== undefined) market.hidden = true;
}

/** Where file and flag speak of one limit, the strictest holds. */
export function liveConfigOf(
  flags: Pick<
    RunFlags,
    "market" | "onInterrupt" | "dcp" | "minOrderInterval" | "maxOrderValue" | "killFile"
  >,
  config: ArrivalConfig,
): ArrivalConfig {
  if (flags.market !== undefined) {
    throw new CommandError("USAGE", "--market is for simulations: a live market is as it is");
  }
  const { live } = config;
  const onInterrupt = flags.onInterrupt ?? live.onInterrupt;
  if (flags.dcp !== undefined && onInterrupt === "leave") {
    const text = "with --dcp the venue withdraws what --on-interrupt leave would leave: choose one";
    throw new CommandError("USAGE", text);
  }
  const interval = Math.max(live.minOrderInterval, flags.minOrderInterval ?? 0) as Micros;
  return {
    ...config,
    simulation: { ...config.simulation, market: "auto" },
    live: {
      maxOrderValue: Math.min(live.maxOrderValue, flags.maxOrderValue ?? live.maxOrderValue),
      minOrderInterval: interval,
      onInterrupt,
      killFile: wholeOf(flags.killFile ?? live.killFile),
    },
  };
}

/** The journal keeps it for whoever goes on, in whatever folder. */
const wholeOf = (path: string | null): string | null => (path === null ? null : resolve(path));

const symbolOf = (text: string): string => {
  const symbol = text.trim().toUpperCase();
  if (/^[A-Z0-9][A-Z0-9_-]{0,39}$/.test(symbol)) return symbol;
  throw new InvalidArgumentError("A symbol, such as BTCUSDT.");
};

const depthOf = (text: string): number => {
  const depth = Number(text);
  if (BYBIT_DEPTHS.some((each) => each === depth)) return depth;
  throw new InvalidArgumentError(`Allowed choices are ${BYBIT_DEPTHS.join(", ")}.`);
};

const valueOf = (text: string): number => {
  const value = Number(text);
  if (/^\d{1,12}(\.\d{1,8})?$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError("An amount above zero, such as 25000.");
};

const leverageOf = (text: string): string => {
  if (/^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) >= 1) return text;
  throw new InvalidArgumentError("A number from 1 up, such as 5.");
};

export function spanOf(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError("Write a span with its unit, such as 90s, 3m or 1h30m.");
}
