/**
 * Twins: the same question with what a headline means for the order turned round.
 *
 * All figures are equal: once the headline tells the opposite, and once it is a sale that is asked
 * about and no purchase. An advisor that reads answers the other way round; one that does not
 * answers alike. What must stay true: of two twins nothing differs but that.
 */
import type { Advisor } from "../../advisors/advisor.ts";
import type { AdviceQuestion, NewsItem } from "../../core/contracts/advice.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { ScenarioEvent } from "../../simulation/world/scenario.ts";
import { type EvaluationRequest, marketOf, SHOCK_ID } from "./evaluation-request.ts";
import { stanceOf, type TwinRow } from "./evaluation-row.ts";
import { type Parent, parentsOf, PromptAdvisor, type Way, workNow } from "./parent-run.ts";
import { answered, PROCEED } from "./rollout.ts";

/** Undefined: no question of this order showed the headline. */
export async function twinRow(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  advisor: Advisor,
  signal: AbortSignal,
): Promise<TwinRow | undefined> {
  const pair = headlines(request, parent);
  const shown = pair && firstWith(request, parent, way, pair.own.headline);
  if (pair === undefined || shown === undefined) return undefined;
  let asked = 0;
  const stanceTo = async (question: AdviceQuestion): Promise<number | null> => {
    asked += 1;
    const id = `${question.parentId}-q${asked}`;
    const { answer } = await advisor.ask({ ...question, id }, signal);
    return answer.kind === "advice" ? stanceOf(answer.advice) : null;
  };
  const own = await stanceTo(shown);
  const byHeadline = await stanceTo(withHeadline(shown, pair));
  const bySide = await stanceTo(onTheOtherSide(shown));
  // What lifts the asset makes a purchase dearer, and what lowers it a sale.
  const isDearer = pair.isUp === (parent.side === "buy");
  const told = (other: number | null) =>
    isDearer ? { dearer: own, cheaper: other } : { dearer: other, cheaper: own };
  return {
    kind: "twin",
    window: parent.window,
    byHeadline: told(byHeadline),
    bySide: told(bySide),
  };
}

const withHeadline = (question: AdviceQuestion, { own, turned }: Pair): AdviceQuestion => ({
  ...question,
  situation: {
    ...question.situation,
    news: question.situation.news.map((item) =>
      item.headline === own.headline
        ? { ...item, headline: turned.headline, flags: turned.flags }
        : item,
    ),
  },
});

function onTheOtherSide(question: AdviceQuestion): AdviceQuestion {
  const { isNewsTurned, ...situation } = question.situation;
  return {
    ...question,
    situation: isNewsTurned === true ? situation : { ...situation, isNewsTurned: true },
  };
}

interface Pair {
  readonly isUp: boolean;
  readonly own: NewsItem;
  readonly turned: NewsItem;
}

function headlines(request: EvaluationRequest, parent: Parent): Pair | undefined {
  const shock = marketOf(request, parent.window).scenario?.events.find(isShock);
  const turned = parentsOf(request, parent.window, true);
  const own = itemOf(parent.news);
  const other = turned.ok ? itemOf(turned.value[0]!.news) : undefined;
  if (shock === undefined || own === undefined || other === undefined) return undefined;
  if (own.headline === other.headline) return undefined;
  return { isUp: shock.direction === "up", own, turned: other };
}

const isShock = (event: ScenarioEvent): event is Extract<ScenarioEvent, { kind: "shock" }> =>
  event.kind === "shock";

function itemOf(events: readonly EngineEvent[]): NewsItem | undefined {
  for (const event of events) {
    if (event.kind === "news-received" && event.item.id.endsWith(SHOCK_ID)) return event.item;
  }
  return undefined;
}

/** The first question that shows a headline, of an order that is let be. */
function firstWith(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  headline: string,
): AdviceQuestion | undefined {
  let found: AdviceQuestion | undefined;
  const advisor = new PromptAdvisor((question) => {
    const isShown = question.situation.news.some((item) => item.headline === headline);
    if (isShown) found ??= question;
    return answered(PROCEED);
  });
  workNow(request, parent, way, advisor);
  return found;
}
