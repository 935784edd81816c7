/** What a person does to one picture: verdicts, boxes, what is selected, undo. */

import { move, resize, rounded } from "./geometry";
import { History, type Step } from "./history";
import type { Command } from "./keys";
import { countOpen, isSameValue, nextOpen, stepped, type Mark, type State, type Value } from "./marks";
import type { Box } from "./picture";
import type { Saving } from "./saving";

type Shift = readonly [number, number];

const NUDGES: Readonly<Partial<Record<Command, Shift>>> = {
  left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1],
};
const SIZES: Readonly<Partial<Record<Command, Shift>>> = {
  narrower: [-1, 0], wider: [1, 0], lower: [0, -1], higher: [0, 1],
};
const BESIDE = 8; // pixels between a box and its duplicate

let numMade = 0;

export class Work {
  private readonly history = new History();
  private chosen: string | null = null;

  constructor(
    readonly saving: Saving,
    private readonly classes: readonly string[],
  ) {
    this.chosen = nextOpen(this.marks(), null);
  }

  marks(): Mark[] {
    return this.saving.marks();
  }

  /** The mark that is selected; none if it is gone. */
  get selected(): Mark | null {
    const found = this.marks().find((mark) => mark.key === this.chosen);
    return found && found.value.state !== "gone" ? found : null;
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  select(key: string | null): void {
    this.chosen = key;
  }

  /** Does what a command does to labels or the selection; false if it is none of these. */
  run(command: Command): boolean {
    const mark = this.selected;
    const nudge = NUDGES[command];
    const size = SIZES[command];
    if (nudge ?? size) {
      if (mark) this.shift(mark, nudge ?? [0, 0], size ?? [0, 0]);
      return true;
    }
    switch (command) {
      case "accept": this.judge(mark, "accepted"); return true;
      case "reject": this.judge(mark, "rejected"); return true;
      case "reopen": this.judge(mark, "open"); return true;
      case "remove": this.remove(mark); return true;
      case "duplicate": this.duplicate(mark); return true;
      case "undo": this.take(this.history.undo()); return true;
      case "redo": this.take(this.history.redo()); return true;
      case "next": this.chosen = stepped(this.marks(), this.chosen, 1); return true;
      case "previous": this.chosen = stepped(this.marks(), this.chosen, -1); return true;
      default: return this.classify(command);
    }
  }

  /** Tells whether accepting would change nothing, as all finds are judged. */
  get isJudged(): boolean {
    const state = this.selected?.value.state;
    const isUp = state === "open" || state === "rejected";
    return !isUp && nextOpen(this.marks(), null) === null;
  }

  /** Adds a box, of the class of the selected mark or else of the first class, and selects it. */
  add(box: Box, label?: string): void {
    const key = `n${Date.now().toString(36)}-${++numMade}`;
    const name = label ?? this.selected?.value.label ?? this.classes[0] ?? "defect";
    const none: Mark = { key, score: null, value: { state: "gone", box, label: name } };
    this.put(none, { ...none.value, state: "drawn" });
    this.chosen = key;
  }

  reshape(key: string, box: Box): void {
    const mark = this.marks().find((one) => one.key === key);
    if (mark) this.put(mark, { ...meant(mark.value), box });
  }

  rename(label: string): void {
    if (this.selected) this.put(this.selected, { ...meant(this.selected.value), label });
  }

  /** Says that the labels are complete, or selects the first open find; gives how many are open. */
  finish(): number {
    const marks = this.marks();
    const open = countOpen(marks);
    if (open > 0) this.chosen = nextOpen(marks, null);
    else this.saving.wish([], true);
    return open;
  }

  /** Forgets what could be undone, as it is no longer there. */
  forget(): void {
    this.history.clear();
  }

  private classify(command: Command): boolean {
    const number = /^class(\d)$/.exec(command)?.[1];
    if (number === undefined) return false;
    const label = this.classes[Number(number)];
    if (label !== undefined) this.rename(label);
    return true;
  }

  private judge(mark: Mark | null, state: State): void {
    if (mark && mark.score !== null) this.put(mark, { ...mark.value, state });
    if (state !== "open") this.chosen = nextOpen(this.marks(), this.chosen);
  }

  private remove(mark: Mark | null): void {
    if (!mark) return;
    if (mark.score !== null) {
      this.judge(mark, "rejected");
      return;
    }
    const next = stepped(this.marks(), mark.key, 1);
    this.put(mark, { ...mark.value, state: "gone" });
    this.chosen = next === mark.key ? null : next;
  }

  private duplicate(mark: Mark | null): void {
    const { width, height } = this.saving.seen;
    if (mark) this.add(rounded(move(mark.value.box, BESIDE, BESIDE, width, height)), mark.value.label);
  }

  private shift(mark: Mark, by: Shift, grow: Shift): void {
    const { width, height } = this.saving.seen;
    const moved = move(mark.value.box, ...by, width, height);
    this.reshape(mark.key, rounded(resize(moved, ...grow, width, height)));
  }

  private put(mark: Mark, after: Value): void {
    if (isSameValue(mark.value, after)) return;
    this.history.add([{ key: mark.key, before: mark.value, after }]);
    this.saving.wish([[mark.key, after]]);
  }

  private take(step: Step): void {
    if (step.length === 0) return;
    this.saving.wish(step.map(({ key, after }) => [key, after]));
    this.chosen = step.findLast(({ after }) => after.state !== "gone")?.key ?? null;
  }
}

/** A box that a person moves or names is meant: an open or rejected find becomes accepted. */
function meant(value: Value): Value {
  return value.state === "drawn" ? value : { ...value, state: "accepted" };
}
