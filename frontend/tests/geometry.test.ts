import { expect, test } from "vitest";

import { fit, isSame, move, resize, rounded, surroundings } from "../src/geometry";
import type { Box } from "../src/picture";

const anywhere = (): Box => {
  const side = () => Math.random() * 3000 - 1000;
  return [side(), side(), side(), side()];
};

test("a box that is fitted lies inside with rising sides, and fitting again changes nothing", () => {
  for (let index = 0; index < 2000; index += 1) {
    const [x1, y1, x2, y2] = fit(anywhere(), 900, 700);
    expect(0 <= x1 && x1 + 1 <= x2 && x2 <= 900).toBe(true);
    expect(0 <= y1 && y1 + 1 <= y2 && y2 <= 700).toBe(true);
    expect(fit([x1, y1, x2, y2], 900, 700)).toEqual([x1, y1, x2, y2]);
  }
});

test("a box inside stays as it is, whichever corner was drawn last", () => {
  expect(fit([10, 20, 30, 40], 900, 700)).toEqual([10, 20, 30, 40]);
  expect(fit([30, 40, 10, 20], 900, 700)).toEqual([10, 20, 30, 40]);
  expect(fit([895, 20, 2000, 40], 900, 700)).toEqual([895, 20, 900, 40]);
});

test("moving keeps the size and stops at the edge", () => {
  expect(move([10, 20, 30, 50], -3, 4, 900, 700)).toEqual([7, 24, 27, 54]);
  expect(move([10, 20, 30, 50], -30, 2000, 900, 700)).toEqual([0, 670, 20, 700]);
});

test("resizing moves two sides and leaves a pixel", () => {
  expect(resize([10, 20, 30, 50], 5, -5, 900, 700)).toEqual([10, 20, 35, 45]);
  expect(resize([10, 20, 30, 50], -100, 5000, 900, 700)).toEqual([10, 20, 11, 700]);
});

test("boxes are the same up to what float32 loses", () => {
  const box: Box = [100.123456, 7000.7, 130.5, 7020.3];
  const kept = box.map((value) => Math.fround(value)) as unknown as Box;
  expect(isSame(rounded(box), kept)).toBe(true);
  expect(isSame(box, [100.3, 7000.7, 130.5, 7020.3])).toBe(false);
});

test("surroundings are square around the same middle", () => {
  expect(surroundings([100, 100, 110, 120], 3, 16)).toEqual([75, 80, 135, 140]);
  expect(surroundings([100, 100, 102, 102], 3, 16)).toEqual([93, 93, 109, 109]);
});
