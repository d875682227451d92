/**
 * Recorded: plays exchanges from a file: the answer, the latency and the transcript that were.
 *
 * A question is found by what it asks, whichever order asks it now. What must stay true: the same
 * questions in the same order get the same answers, and one that was never asked gets none.
 */
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import { ok, type Result } from "../core/domain/errors.ts";
import { micros } from "../core/domain/units.ts";
import {
  type Advisor,
  type AdvisorFault,
  type Exchange,
  exchangeOf,
  noAdvice,
  type Transcript,
} from "./advisor.ts";
import { PROMPT_VERSION } from "./prompt.ts";
import { questionHash } from "./question-hash.ts";
import { readTranscripts } from "./transcript-file.ts";

export async function openRecorded(path: string): Promise<Result<Advisor, AdvisorFault>> {
  const read = await readTranscripts(path);
  return read.ok ? ok(new Recorded(read.value)) : read;
}

interface Track {
  readonly transcripts: Transcript[];
  next: number;
}

export class Recorded implements Advisor {
  readonly name: string;
  readonly #tracks = new Map<string, Track>();

  constructor(transcripts: readonly Transcript[]) {
    const names = [...new Set(transcripts.map(({ advisor }) => advisor))];
    this.name = `recorded (${names.join(", ")})`;
    for (const transcript of transcripts) {
      // The run was told that there is none; that stands in the line before.
      if (transcript.isLate === true) continue;
      const track = this.#tracks.get(transcript.questionHash);
      if (track === undefined) {
        this.#tracks.set(transcript.questionHash, { transcripts: [transcript], next: 0 });
      } else {
        track.transcripts.push(transcript);
      }
    }
  }

  check(): Promise<Result<void, AdvisorFault>> {
    return Promise.resolve(ok(undefined));
  }

  /** Asked more often than it was recorded, the last answer is given again. */
  ask(question: AdviceQuestion): Promise<Exchange> {
    const hash = questionHash(question);
    const track = this.#tracks.get(hash);
    const transcript = track?.transcripts[Math.min(track.next, track.transcripts.length - 1)];
    if (track === undefined || transcript === undefined) {
      return Promise.resolve(this.#unknown(question, hash));
    }
    track.next++;
    const { answer, latencyMicros } = transcript;
    return Promise.resolve({ answer, latency: micros(latencyMicros), transcript });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #unknown(question: AdviceQuestion, hash: string): Exchange {
    const text = `the recording does not know question ${hash.slice(0, 12)}`;
    return exchangeOf(noAdvice("not-recorded", text), 0, {
      advisor: this.name,
      provider: "recorded",
      model: "none",
      promptVersion: PROMPT_VERSION,
      question,
      questionHash: hash,
    });
  }
}
