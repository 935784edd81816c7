/**
 * Sends what a person changed, at once and in order, and keeps it until the server has it.
 *
 * What is wished is compared with what the server has, and the difference is sent; it lies in
 * the browser's storage from before the first request until after the last answer.
 */

import { ChangedError, RefusedError, type Api } from "./api";
import { marksOf, nextRequest, numbersOf, type Answers, type Changes, type Mark, type Value } from "./marks";
import { isSame } from "./geometry";
import type { Picture } from "./picture";

export type Status = "saved" | "saving" | "away" | "changed" | "refused";

export type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

interface Kept {
  revision: number;
  known: number[];
  wishes: [string, Value][];
  numbers: [string, number][];
  reviewed: boolean | null;
}

const PREFIX = "blemish.unsent.";
const WAITS = [1000, 2000, 4000, 8000, 15000];

/** Gives the ids of the pictures with changes that the server may not have. */
export function unsentPictures(storage: globalThis.Storage): number[] {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  return keys.filter((key) => key.startsWith(PREFIX)).map((key) => Number(key.slice(PREFIX.length)));
}

export class Saving {
  status: Status = "saved";
  /** The server's own words when it refuses. */
  reason = "";
  private wishes = new Map<string, Value>();
  private numbers = new Map<string, number>();
  private reviewed: boolean | null = null;
  private latest: Picture | null = null;
  private running: Promise<void> | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private picture: Picture,
    private readonly api: Api,
    private readonly storage: Storage,
    private readonly told: () => void,
  ) {
    this.restore();
  }

  /** The picture as the server has it, as far as is known. */
  get seen(): Picture {
    return this.picture;
  }

  get isReviewed(): boolean {
    return this.reviewed ?? this.picture.reviewed;
  }

  /** How many changes are not on the server. */
  get numUnsent(): number {
    return this.wishes.size + (this.reviewed === null ? 0 : 1);
  }

  /** Gives the marks as the person wishes them. */
  marks(): Mark[] {
    const keys = new Map([...this.numbers].map(([key, number]) => [`b${number}`, key]));
    const marks = marksOf(this.picture).map((mark) => {
      const key = keys.get(mark.key) ?? mark.key;
      return { ...mark, key, value: this.wishes.get(key) ?? mark.value };
    });
    const there = new Set(marks.map((mark) => mark.key));
    const made = [...this.wishes].filter(([key]) => !there.has(key) && !key.startsWith("f"));
    return [...marks, ...made.map(([key, value]): Mark => ({ key, score: null, value }))];
  }

  wish(changes: Iterable<readonly [string, Value]>, reviewed: boolean | null = null): void {
    for (const [key, value] of changes) this.wishes.set(key, value);
    this.reviewed = reviewed ?? this.reviewed;
    this.keep();
    this.send();
  }

  /** Sends now what waits. */
  send(): void {
    clearTimeout(this.timer);
    if (this.running || this.status === "changed") return;
    this.running = this.run().finally(() => (this.running = null));
  }

  /** Reads the picture again, as others may have changed it; what is not sent yet is left alone. */
  async renew(): Promise<void> {
    const latest = await this.api.read(this.picture.id).catch(() => null);
    if (!latest || this.numUnsent > 0 || latest.revision <= this.picture.revision) return;
    this.picture = latest;
    this.told();
  }

  /** Waits until nothing is being sent. */
  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  /** Ends the state `changed`: sends the changes again on top of the others', or drops them. */
  resolve(keep: "mine" | "theirs"): void {
    if (this.latest) this.picture = this.latest;
    this.latest = null;
    if (keep === "theirs") this.drop();
    this.tell("saving");
    this.send();
  }

  private async run(): Promise<void> {
    let request = this.next();
    while (request) {
      this.tell("saving");
      try {
        const after = await this.api.send(this.picture, request);
        this.take(request, after);
        this.tries = 0;
      } catch (error) {
        if (!(await this.recover(request, error))) return;
      }
      request = this.next();
    }
    this.drop();
    this.tell("saved");
  }

  private next(): Answers | Changes | null {
    return nextRequest(this.picture, this.wishes, this.reviewed, this.numbers);
  }

  private take(request: Answers | Changes, after: Picture): void {
    if (request.kind === "labels") {
      for (const [key, number] of numbersOf(request, this.picture, after)) {
        this.numbers.set(key, number);
      }
    }
    this.picture = after;
    this.keep();
  }

  /** Tells whether to go on. */
  private async recover(request: Answers | Changes, error: unknown): Promise<boolean> {
    try {
      if (error instanceof ChangedError) return this.compare(request, await this.api.read(this.picture.id));
    } catch {
      // to read failed as well: as if away
    }
    if (error instanceof RefusedError) {
      this.reason = error.message;
      this.tell("refused");
      return false;
    }
    this.tell("away");
    this.timer = setTimeout(() => this.send(), WAITS[Math.min(this.tries++, WAITS.length - 1)]);
    return false;
  }

  /** Looks whether the change that the server refused as stale is our own, whose answer was lost. */
  private compare(request: Answers | Changes, latest: Picture): boolean {
    const own = latest.revision === this.picture.revision + 1 && isDone(request, this.picture, latest);
    if (own) {
      this.take(request, latest);
      return true;
    }
    this.latest = latest;
    this.tell("changed");
    return false;
  }

  private tell(status: Status): void {
    this.status = status;
    this.told();
  }

  private drop(): void {
    this.wishes.clear();
    this.reviewed = null;
    this.storage.removeItem(PREFIX + this.picture.id);
  }

  private keep(): void {
    const kept: Kept = {
      revision: this.picture.revision,
      known: this.picture.labels.map((label) => label.number),
      wishes: [...this.wishes],
      numbers: [...this.numbers],
      reviewed: this.reviewed,
    };
    this.storage.setItem(PREFIX + this.picture.id, JSON.stringify(kept));
  }

  private restore(): void {
    const text = this.storage.getItem(PREFIX + this.picture.id);
    if (text === null) return;
    try {
      const kept = JSON.parse(text) as Kept;
      this.wishes = new Map(kept.wishes);
      this.numbers = new Map(kept.numbers);
      this.reviewed = kept.reviewed;
      this.bindMade(new Set(kept.known));
      if (kept.revision !== this.picture.revision && this.next()) this.status = "changed";
    } catch {
      this.drop(); // not written by us
    }
  }

  /** Finds boxes that were sent before the browser closed, so that they are not made twice. */
  private bindMade(known: ReadonlySet<number>): void {
    const made = this.picture.labels.filter((label) => !known.has(label.number));
    for (const [key, wish] of this.wishes) {
      if (key.startsWith("f") || this.numbers.has(key) || wish.state !== "drawn") continue;
      const place = made.findIndex(({ box, label }) => label === wish.label && isSame(box, wish.box));
      const label = place < 0 ? undefined : made.splice(place, 1)[0];
      if (label) this.numbers.set(key, label.number);
    }
  }
}

/** Tells whether a picture shows all that a request asked for. */
export function isDone(request: Answers | Changes, before: Picture, after: Picture): boolean {
  if (request.kind === "verdicts") {
    const states = new Map(marksOf(after).map((mark) => [mark.key, mark.value.state]));
    const right = request.answers.every(({ find, answer }) => states.get(`f${find}`) === answer);
    return right && (request.reviewed === null || request.reviewed === after.reviewed);
  }
  const numbers = numbersOf(request, before, after);
  return request.changes.every((change) => {
    const label = after.labels.find((one) => one.number === change.number);
    if (change.action === "remove") return !label;
    if (change.number === null) return numbers.has(change.key);
    return label !== undefined && label.label === change.label && isSame(label.box, change.box);
  });
}
