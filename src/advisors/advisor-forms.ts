/** Advisor forms: how an advisor is named, for help; apart, so that help need not load them. */

export const ADVISOR_FORMS =
  "anthropic:MODEL, openai:MODEL, google:MODEL, compatible:URL#MODEL, local:MODEL, " +
  "recorded:FILE, scripted:FILE or none";
