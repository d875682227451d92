/**
 * `arrival market`: what markets are like, recorded ones and generated ones.
 */
import type { Command } from "commander";
import { addMarketFacts } from "./market-facts.ts";
import { addMarketGenerate } from "./market-generate.ts";

export function addMarket(program: Command): void {
  const market = program
    .command("market")
    .description("what a market is like, and markets made to order");
  addMarketFacts(market);
  addMarketGenerate(market);
}
