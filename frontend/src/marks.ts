/** What is on a picture, as one list: finds with their verdicts, and boxes drawn by hand. */

import { isSame } from "./geometry";
import type { Answer, Box, Label, Picture } from "./picture";

/** `gone` is a drawn box that was removed; a find is never gone, it is rejected. */
export type State = Answer | "drawn" | "gone";

export interface Value {
  readonly state: State;
  readonly box: Box;
  readonly label: string;
}

/** `key` is `f` and the id of a find, `b` and the number of a box, or `n…` for one made here. */
export interface Mark {
  readonly key: string;
  readonly score: number | null;
  readonly value: Value;
}

/** Gives the marks of a picture in the order in which they are stepped through. */
export function marksOf(picture: Picture): Mark[] {
  const byFind = new Map(picture.labels.map((label) => [label.find, label]));
  const known = new Set(picture.finds.map((find) => find.id));
  const finds = picture.finds.map((find): Mark => {
    const label = byFind.get(find.id);
    const state = label ? "accepted" : find.answer === "accepted" ? "open" : find.answer;
    const { box, label: name } = label ?? find;
    return { key: `f${find.id}`, score: find.score, value: { state, box, label: name } };
  });
  const drawn = picture.labels
    .filter((label) => label.find === null || !known.has(label.find))
    .map(({ number, box, label }): Mark => {
      return { key: `b${number}`, score: null, value: { state: "drawn", box, label } };
    });
  return [...finds, ...drawn];
}

export function isSameValue(one: Value, other: Value): boolean {
  return one.state === other.state && one.label === other.label && isSame(one.box, other.box);
}

/** Gives the open mark that comes after one in the list, from the top again after the last. */
export function nextOpen(marks: readonly Mark[], key: string | null): string | null {
  const start = marks.findIndex((mark) => mark.key === key) + 1;
  const turned = [...marks.slice(start), ...marks.slice(0, start)];
  return turned.find((mark) => mark.value.state === "open")?.key ?? null;
}

/** Gives the mark `step` places on, among those that are there; null when there is none. */
export function stepped(marks: readonly Mark[], key: string | null, step: 1 | -1): string | null {
  const there = marks.filter((mark) => mark.value.state !== "gone");
  if (there.length === 0) return null;
  const now = there.findIndex((mark) => mark.key === key);
  const from = now < 0 && step < 0 ? 0 : now;
  return there[(from + step + there.length) % there.length]?.key ?? null;
}

export function countOpen(marks: readonly Mark[]): number {
  return marks.filter((mark) => mark.value.state === "open").length;
}

export type Wishes = ReadonlyMap<string, Value>;

export interface Answers {
  readonly kind: "verdicts";
  readonly answers: readonly { readonly find: number; readonly answer: Answer }[];
  readonly reviewed: boolean | null;
}

/** A change of a box; `number` is null for a new one, `key` says for which mark. */
export interface Change {
  readonly key: string;
  readonly action: "put" | "remove";
  readonly number: number | null;
  readonly box: Box;
  readonly label: string;
}

export interface Changes {
  readonly kind: "labels";
  readonly changes: readonly Change[];
}

/**
 * Gives the next request that brings the server's picture nearer to what is wished, or null when
 * nothing is left to send. It only looks at differences, so sending again after a lost answer is safe.
 *
 * @param numbers the numbers that boxes made here got from the server, by their keys.
 */
export function nextRequest(
  picture: Picture,
  wishes: Wishes,
  reviewed: boolean | null,
  numbers: ReadonlyMap<string, number>,
): Answers | Changes | null {
  const now = new Map(marksOf(picture).map((mark) => [mark.key, mark.value]));
  const answers = [...wishes].flatMap(([key, wish]) => {
    const answer = asAnswer(wish.state);
    if (!key.startsWith("f") || !now.has(key) || now.get(key)?.state === answer) return [];
    return [{ find: Number(key.slice(1)), answer }];
  });
  if (answers.length > 0) return { kind: "verdicts", answers, reviewed: null };
  const changes = [...wishes].flatMap(([key, wish]) => {
    const label = labelOf(picture, key, numbers);
    return changeTo(key, wish, label) ?? [];
  });
  if (changes.length > 0) return { kind: "labels", changes };
  if (reviewed !== null && reviewed !== picture.reviewed) {
    return { kind: "verdicts", answers: [], reviewed };
  }
  return null;
}

function asAnswer(state: State): Answer {
  return state === "drawn" ? "accepted" : state === "gone" ? "rejected" : state;
}

function labelOf(
  picture: Picture,
  key: string,
  numbers: ReadonlyMap<string, number>,
): Label | undefined {
  if (key.startsWith("f")) {
    const id = Number(key.slice(1));
    return picture.labels.find((label) => label.find === id);
  }
  const number = numbers.get(key) ?? (key.startsWith("b") ? Number(key.slice(1)) : null);
  return picture.labels.find((label) => label.number === number);
}

function changeTo(key: string, wish: Value, label: Label | undefined): Change | null {
  const isFind = key.startsWith("f");
  const { box, label: name, state } = wish;
  if (isFind && (state !== "accepted" || !label)) return null; // the verdict makes or removes it
  if (state === "gone") {
    return label ? { key, action: "remove", number: label.number, box, label: name } : null;
  }
  if (label && label.label === name && isSame(label.box, box)) return null;
  return { key, action: "put", number: label?.number ?? null, box, label: name };
}

/** Gives the numbers of the boxes that a request made: those that were not there before, in order. */
export function numbersOf(
  changes: Changes,
  before: Picture,
  after: Picture,
): Map<string, number> {
  const known = new Set(before.labels.map((label) => label.number));
  const made = after.labels.filter((label) => !known.has(label.number));
  const numbers = new Map<string, number>();
  for (const change of changes.changes) {
    if (change.action !== "put" || change.number !== null) continue;
    const place = made.findIndex(
      (label) => label.label === change.label && isSame(label.box, change.box),
    );
    const label = made.splice(place, place < 0 ? 0 : 1)[0];
    if (label) numbers.set(change.key, label.number);
  }
  return numbers;
}
