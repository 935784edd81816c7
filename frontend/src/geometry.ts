/** Arithmetic of boxes in pixels. */

import type { Box } from "./picture";

export const SMALLEST_SIDE = 1;

/** Gives a box with rising sides that lies inside the picture and is at least one pixel wide. */
export function fit(box: Box, width: number, height: number): Box {
  const [x1, x2] = side(box[0], box[2], width);
  const [y1, y2] = side(box[1], box[3], height);
  return [x1, y1, x2, y2];
}

function side(from: number, to: number, length: number): [number, number] {
  const low = Math.min(Math.max(Math.min(from, to), 0), Math.max(length - SMALLEST_SIDE, 0));
  const high = Math.min(Math.max(from, to), length);
  return [low, Math.max(high, low + SMALLEST_SIDE)];
}

/** Moves a box without changing its size; the picture's edge stops it. */
export function move(box: Box, dx: number, dy: number, width: number, height: number): Box {
  const x = Math.min(Math.max(dx, -box[0]), width - box[2]);
  const y = Math.min(Math.max(dy, -box[1]), height - box[3]);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

/** Moves the right and the lower side of a box. */
export function resize(box: Box, dx: number, dy: number, width: number, height: number): Box {
  const x2 = Math.min(Math.max(box[2] + dx, box[0] + SMALLEST_SIDE), width);
  const y2 = Math.min(Math.max(box[3] + dy, box[1] + SMALLEST_SIDE), height);
  return [box[0], box[1], x2, y2];
}

/** Gives a box rounded to hundredths of a pixel, so that what is sent is what comes back. */
export function rounded(box: Box): Box {
  const round = (value: number): number => Math.round(value * 100) / 100;
  return [round(box[0]), round(box[1]), round(box[2]), round(box[3])];
}

/** Tells whether two boxes are the same to a twentieth of a pixel: the server may keep float32. */
export function isSame(one: Box, other: Box): boolean {
  return one.every((value, index) => Math.abs(value - (other[index] ?? Infinity)) < 0.05);
}

/** Gives the box around a box that shows its surroundings: `times` its longer side, in pixels. */
export function surroundings(box: Box, times: number, least: number): Box {
  const half = Math.max(Math.max(box[2] - box[0], box[3] - box[1]) * times, least) / 2;
  const x = (box[0] + box[2]) / 2;
  const y = (box[1] + box[3]) / 2;
  return [x - half, y - half, x + half, y + half];
}
