/**
 * `npm run conformance:bybit`: all examples, with what is covered and what is not.
 */
import { conform } from "./conformance.ts";
import { FIXTURES, hasFixtures } from "./examples.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (!hasFixtures()) {
  say(`skipped: ${FIXTURES} is not there`);
} else {
  const verdicts = await conform();
  const of = (outcome: string) => verdicts.filter((verdict) => verdict.outcome === outcome);
  for (const { source, what, details } of of("validated")) {
    say(`  ok    ${what}  (${source})${details.length > 0 ? `: ${details.join(", ")}` : ""}`);
  }
  const reasons = Map.groupBy(of("not covered"), ({ details }) => details[0]!);
  for (const [reason, left] of reasons) {
    say(`  --    ${left.length} not covered: ${reason}`);
    for (const { what, source } of left) say(`          ${what}  (${source})`);
  }
  for (const { source, what, details } of of("mismatch")) {
    say(`  FAIL  ${what}  (${source})`);
    for (const detail of details) say(`          ${detail}`);
  }
  const [validated, wrong] = [of("validated").length, of("mismatch").length];
  say(
    "An example's answer is compared with the answer to a question of the same path and category; " +
      "its own request (its ids, times and prices) is not sent.",
  );
  say(
    `${verdicts.length} checks: ${validated + wrong} covered, ${validated} validated, ` +
      `${wrong} mismatched, ${of("not covered").length} not covered`,
  );
  process.exitCode = wrong === 0 && validated > 0 ? 0 : 1;
}
