/** What can be undone and redone: steps of one or more marks, each with what was before. */

import type { Value } from "./marks";

export interface Edit {
  readonly key: string;
  readonly before: Value;
  readonly after: Value;
}
export type Step = readonly Edit[];

export class History {
  private done: Step[] = [];
  private undone: Step[] = [];

  constructor(private readonly most = 500) {}

  add(step: Step): void {
    if (step.length === 0) return;
    this.done = [...this.done.slice(-(this.most - 1)), step];
    this.undone = [];
  }

  /** Gives the edits that take the last step back, the last first; empty when there is none. */
  undo(): Step {
    const step = this.done.pop();
    if (!step) return [];
    this.undone.push(step);
    return [...step].reverse().map((edit) => ({ ...edit, before: edit.after, after: edit.before }));
  }

  /** Gives the edits of the step that was undone last; empty when there is none. */
  redo(): Step {
    const step = this.undone.pop();
    if (!step) return [];
    this.done.push(step);
    return step;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  clear(): void {
    this.done = [];
    this.undone = [];
  }
}
