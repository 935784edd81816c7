import { expect, test } from "vitest";

import { History, type Edit } from "../src/history";
import type { State, Value } from "../src/marks";

const value = (state: State): Value => ({ state, box: [0, 0, 1, 1], label: "error" });
const edit = (key: string, before: State, after: State): Edit => {
  return { key, before: value(before), after: value(after) };
};

test("undo and redo bring back every state, against a list of all states", () => {
  const history = new History();
  const now = new Map<string, State>([["a", "open"], ["b", "open"]]);
  const seen = [new Map(now)];
  const states: State[] = ["accepted", "rejected", "open"];
  for (let index = 0; index < 30; index += 1) {
    const step = ["a", "b"].slice(index % 3 === 0 ? 0 : 1).map((key) => {
      const after = states[(index + key.length) % 3] ?? "open";
      const made = edit(key, now.get(key) ?? "open", after);
      now.set(key, after);
      return made;
    });
    history.add(step);
    seen.push(new Map(now));
  }
  const take = (step: readonly Edit[]) => step.forEach(({ key, after }) => now.set(key, after.state));
  for (let index = seen.length - 2; index >= 0; index -= 1) {
    take(history.undo());
    expect(now).toEqual(seen[index]);
  }
  expect(history.undo()).toEqual([]);
  for (const state of seen.slice(1)) {
    take(history.redo());
    expect(now).toEqual(state);
  }
  expect(history.redo()).toEqual([]);
});

test("a mark changed twice in one step goes back to the first", () => {
  const history = new History();
  history.add([edit("a", "open", "accepted"), edit("a", "accepted", "rejected")]);
  expect(history.undo().map(({ after }) => after.state)).toEqual(["accepted", "open"]);
});

test("something new ends what could be redone", () => {
  const history = new History();
  history.add([edit("a", "open", "accepted")]);
  history.undo();
  history.add([edit("b", "open", "rejected")]);
  expect([history.canUndo, history.canRedo]).toEqual([true, false]);
});

test("it forgets the oldest, and an empty step is none", () => {
  const history = new History(3);
  for (const key of ["a", "b", "c", "d"]) history.add([edit(key, "open", "accepted")]);
  history.add([]);
  const undone = [history.undo(), history.undo(), history.undo(), history.undo()];
  expect(undone.map((step) => step[0]?.key)).toEqual(["d", "c", "b", undefined]);
});
