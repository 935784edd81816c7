/** A server in memory that keeps labels and verdicts as the real one does, for tests. */

import { AwayError, ChangedError, RefusedError, type Api } from "../src/api";
import type { Answers, Changes } from "../src/marks";
import type { Label, Picture } from "../src/picture";

export function planted(more: Partial<Picture> = {}): Picture {
  return {
    id: 1, name: "w1.png", width: 900, height: 800, revision: 0, reviewed: false,
    finds: [
      { id: 11, box: [100, 100, 120, 118], score: 0.9, label: "error", answer: "open" },
      { id: 12, box: [300, 200, 330, 240], score: 0.5, label: "error", answer: "open" },
      { id: 13, box: [500, 400, 506, 408], score: 0.3, label: "error", answer: "open" },
    ],
    labels: [], state: "done", error: "", before: null, after: 2, model: null,
    ...more,
  };
}

export class MemoryServer implements Api {
  readonly requests: (Answers | Changes)[] = [];
  /** `lost` takes the request and loses the answer. */
  fault: "none" | "away" | "lost" | "refused" = "none";
  private numbers = 0;

  constructor(public picture: Picture) {
    this.numbers = Math.max(0, ...picture.labels.map((label) => label.number));
  }

  async read(): Promise<Picture> {
    return structuredClone(this.picture);
  }

  async send(seen: Picture, request: Answers | Changes): Promise<Picture> {
    await Promise.resolve();
    if (this.fault === "away") throw new AwayError("away");
    if (this.fault === "refused") throw new RefusedError(403, "this needs the role reviewer");
    if (seen.revision !== this.picture.revision) throw new ChangedError("changed");
    this.apply(request);
    if (this.fault === "lost") {
      this.fault = "none";
      throw new AwayError("the answer was lost");
    }
    return this.read();
  }

  /** Changes the picture as another person would. */
  apply(request: Answers | Changes): void {
    this.requests.push(structuredClone(request));
    const revision = this.picture.revision + 1;
    this.picture = { ...(request.kind === "verdicts" ? this.judge(request) : this.change(request)), revision };
  }

  private judge({ answers, reviewed }: Answers): Picture {
    let { finds, labels } = this.picture;
    for (const { find: id, answer } of answers) {
      const find = finds.find((one) => one.id === id);
      if (!find) throw new RefusedError(422, `find ${id} is not of picture 1`);
      finds = finds.map((one) => (one === find ? { ...find, answer } : one));
      const has = labels.some((label) => label.find === id);
      if (answer === "accepted" && !has) {
        labels = [...labels, { number: ++this.numbers, box: find.box, label: find.label, find: id }];
      } else if (answer !== "accepted") {
        labels = labels.filter((label) => label.find !== id);
      }
    }
    return { ...this.picture, finds, labels, reviewed: reviewed ?? this.picture.reviewed };
  }

  private change({ changes }: Changes): Picture {
    let labels: readonly Label[] = this.picture.labels;
    for (const { action, number, box, label: name } of changes) {
      const old = labels.find((label) => label.number === number);
      if (number !== null && !old) throw new RefusedError(422, `picture 1 has no box ${number}`);
      if (action === "remove") labels = labels.filter((label) => label !== old);
      else if (old) labels = labels.map((label) => (label === old ? { ...old, box, label: name } : label));
      else labels = [...labels, { number: ++this.numbers, box, label: name, find: null }];
    }
    return { ...this.picture, labels };
  }
}

export class MemoryStorage {
  private readonly values = new Map<string, string>();
  get length(): number {
    return this.values.size;
  }
  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    this.values.delete(key);
  }
  clear(): void {
    this.values.clear();
  }
}
