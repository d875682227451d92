/**
 * Main: puts the page into its document.
 */
import { render } from "preact";
import { App } from "./app.tsx";
import { listenToKeys } from "./keys.tsx";
import { begin } from "./state/desk.ts";
import "./state/theme.ts";

const place = document.querySelector("#page");
if (place !== null) {
  place.replaceChildren();
  render(<App />, place);
  listenToKeys();
  void begin();
}
