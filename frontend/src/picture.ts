/** A picture as the server tells it. Boxes are in pixels, half-open: width = x2 - x1. */

export type Box = readonly [x1: number, y1: number, x2: number, y2: number];
export type Answer = "open" | "accepted" | "rejected";

export interface Find {
  readonly id: number;
  readonly box: Box;
  readonly score: number;
  readonly label: string;
  readonly answer: Answer;
}

/** A box that stands; `find` is the find that was accepted as it. */
export interface Label {
  readonly number: number;
  readonly box: Box;
  readonly label: string;
  readonly find: number | null;
}

/** `state` is waiting, done or failed; `width` and `height` are 0 until it has been looked at. */
export interface Picture {
  readonly id: number;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly state: string;
  readonly error: string;
  readonly revision: number;
  readonly reviewed: boolean;
  readonly finds: readonly Find[];
  readonly labels: readonly Label[];
  readonly before: number | null;
  readonly after: number | null;
  /** The model that looked; null before the first look. */
  readonly model: { readonly name: string; readonly hash: string } | null;
}
