/**
 * Slow: draws what is within it again twice a second at most, however often it is given something
 * new; of all such, one a frame.
 *
 * A chart or a long table costs milliseconds to draw, and nobody reads it sixty times a second.
 * So a page that is told of two hundred changes a second stays fluid.
 */
import { Component, type ComponentChildren } from "preact";

const EVERY = 500;

const waiting = new Set<Slow>();
let frame: number | undefined;

function drawNext(now: number): void {
  frame = undefined;
  const due = [...waiting].find((each) => each.dueAt <= now);
  if (due !== undefined) {
    waiting.delete(due);
    due.draw(now);
  }
  if (waiting.size > 0) frame = requestAnimationFrame(drawNext);
}

export class Slow extends Component<{ readonly children: () => ComponentChildren }> {
  dueAt = 0;

  override shouldComponentUpdate(): boolean {
    waiting.add(this);
    frame ??= requestAnimationFrame(drawNext);
    return false;
  }

  override componentWillUnmount(): void {
    waiting.delete(this);
  }

  draw(now: number): void {
    this.dueAt = now + EVERY;
    this.forceUpdate();
  }

  override render(): ComponentChildren {
    return this.props.children();
  }
}
