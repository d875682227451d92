/**
 * `arrival alert`: whether alerts get where they are meant to go.
 */
import { Command } from "commander";
import { CommandError, EXIT, print, printJson } from "./output.ts";
import { formatConfigFaults, loadConfig } from "../runtime/config.ts";
import { openChannels } from "../runtime/alerts/alert-channels.ts";
import type { AlertChannel, Delivery } from "../runtime/alerts/alert-channel.ts";

interface Flags {
  readonly config: string;
  readonly json?: boolean;
}

export function addAlert(program: Command): void {
  const alert = program.command("alert").description("alerts out of band: try the channels");
  alert.addCommand(
    new Command("test")
      .description("send a test message through each channel, and say what came of it")
      .requiredOption("--config <file>", "settings, YAML or JSON, with a section alerts")
      .option("--json", "print one JSON document")
      .addHelpText("after", HELP)
      .action(test),
  );
}

const HELP = `
Secrets come from the environment, or from files that nobody else can read (NAME_FILE):
  ARRIVAL_ALERT_WEBHOOK_URL       where the settings say url: environment
  ARRIVAL_ALERT_WEBHOOK_SECRET    signs what is posted; optional
  ARRIVAL_ALERT_TELEGRAM_TOKEN    the bot's
  ARRIVAL_ALERT_SMTP_PASSWORD     the mail user's
Ends with 1 where a channel has failed.

Example:
  arrival alert test --config settings.yaml`;

const SEND_MS = 15_000;

async function test({ config: path, json }: Flags): Promise<void> {
  const config = loadConfig(path);
  if (!config.ok) throw new CommandError("CONFIG", formatConfigFaults(config.error));
  const channels = openChannels(config.value.alerts, process.env);
  if (!channels.ok) throw new CommandError(channels.error.code, channels.error.text);
  if (channels.value.length === 0) {
    const keys = "alerts.webhook.url, alerts.telegram.chat or alerts.email.to";
    const text = `${path} switches no channel on: set ${keys}`;
    throw new CommandError("USAGE", text);
  }
  const outcomes = await Promise.all(channels.value.map(tried));
  if (outcomes.some(({ isSent }) => !isSent)) process.exitCode = EXIT.no;
  if (json === true) return printJson(outcomes);
  for (const { channel, ...outcome } of outcomes) {
    print(`${channel}: ${outcome.isSent ? "sent" : `not sent: ${outcome.text}`}\n`);
  }
}

async function tried(channel: AlertChannel): Promise<{ readonly channel: string } & Delivery> {
  const run = { parentId: "test", symbol: "TEST", venue: "none" };
  const delivery = await channel.send(
    {
      severity: "info",
      kind: "other",
      code: "ALERT_TEST",
      text: "A test message: if you can read this, alerts reach you.",
      run,
      time: new Date().toISOString(),
    },
    AbortSignal.timeout(SEND_MS),
  );
  return { channel: channel.name, ...delivery };
}
