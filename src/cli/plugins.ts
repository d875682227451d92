/**
 * Plugins: the `--plugin` option, and the strategies that it brings.
 */
import { Option } from "commander";
import { nativeNames, strategyNames } from "../runtime/compose.ts";
import { loadPlugins, type Plugin } from "../runtime/plugin.ts";
import { CommandError } from "./output.ts";

export interface PluginFlags {
  readonly plugin?: readonly string[];
}

export const pluginOption = (): Option =>
  new Option(
    "--plugin <file>",
    "a strategy of your own, an ES module that exports it; may be repeated",
  ).argParser((path: string, before: readonly string[] = []) => [...before, path]);

/** @throws CommandError when one cannot be loaded or is no strategy. */
export async function pluginsOf({ plugin = [] }: PluginFlags): Promise<readonly Plugin[]> {
  const loaded = await loadPlugins(plugin, [...strategyNames(), ...nativeNames()]);
  if (loaded.ok) return loaded.value;
  throw new CommandError(loaded.error.code, loaded.error.text);
}
