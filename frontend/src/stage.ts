/**
 * Draws the boxes over the picture on a 2D canvas.
 *
 * It takes the place of Annotorious' own stage (see `plugins/policy.ts`), which needs WebGL and
 * makes code from strings: the first is missing on many remote desktops, the second is what
 * our Content-Security-Policy forbids.
 */

import type { ImageAnnotation } from "@annotorious/openseadragon";
import type { Viewer } from "openseadragon";

import type { State } from "./marks";
import type { Box } from "./picture";

export interface Look {
  readonly state: State;
  readonly text: string;
}

/** Gives the box of a rectangle; while it is dragged its `bounds` are one event late. */
export function boxOf({ target }: ImageAnnotation): Box {
  const { x, y, w, h } = target.selector.geometry as unknown as Record<"x" | "y" | "w" | "h", number>;
  return [x, y, x + w, y + h];
}

/** Never by colour alone: each state has its own line and its own sign as well. */
const LOOKS: Readonly<Record<State, { colour: string; dash: number[]; width: number; sign: string }>> = {
  open: { colour: "#ffd24a", dash: [7, 4], width: 2, sign: "?" },
  accepted: { colour: "#5ee08a", dash: [], width: 2, sign: "✓" },
  rejected: { colour: "#ff9d94", dash: [2, 4], width: 1.5, sign: "✕" },
  drawn: { colour: "#6cc8ff", dash: [], width: 2, sign: "✎" },
  gone: { colour: "#888888", dash: [1, 6], width: 1, sign: "" },
};
const MOST_TEXTS = 150; // above it they would cover each other
const FONT = "600 12px system-ui, 'Noto Sans KR', 'Malgun Gothic', sans-serif";

const looks = new WeakMap<Viewer, (id: string) => Look | null>();

/** Says how the boxes of a viewer look. */
export function setLooks(viewer: Viewer, look: (id: string) => Look | null): void {
  looks.set(viewer, look);
}

export function signOf(state: State): string {
  return LOOKS[state].sign;
}

/** Gives what Annotorious' layer asks of a stage. */
export function createStage(viewer: Viewer, canvas: HTMLCanvasElement) {
  const context = canvas.getContext("2d");
  const boxes = new Map<string, Box>();
  let selected = new Set<string>();
  let hovered: string | undefined;
  let frame = 0;

  const scale = (): number => viewer.viewport.getZoom(true) * viewer.viewport.getContainerSize().x;
  const pixelsPerImagePixel = (): number => scale() / viewer.world.getContentFactor();
  const draw = (): void => {
    frame = 0;
    if (!context || viewer.world.getItemCount() === 0) return;
    const ratio = globalThis.devicePixelRatio || 1;
    fitCanvas(canvas, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const zero = viewer.viewport.pixelFromPoint(viewer.viewport.imageToViewportCoordinates(0, 0), true);
    const times = pixelsPerImagePixel();
    const visible: Visible[] = [];
    for (const [id, [x1, y1, x2, y2]] of boxes) {
      const look = looks.get(viewer)?.(id);
      const x = zero.x + x1 * times;
      const y = zero.y + y1 * times;
      const [w, h] = [(x2 - x1) * times, (y2 - y1) * times];
      const outside = x > canvas.clientWidth || y > canvas.clientHeight || x + w < 0 || y + h < 0;
      if (look && look.state !== "gone" && !outside) {
        visible.push({ look, x, y, w, h, strong: selected.has(id) || id === hovered });
      }
    }
    drawAll(context, visible);
  };
  const redraw = (): void => {
    frame ||= requestAnimationFrame(draw);
  };
  const put = (annotation: ImageAnnotation): void => {
    boxes.set(annotation.id, boxOf(annotation));
    redraw();
  };
  return {
    addAnnotation: put,
    updateAnnotation: (_: ImageAnnotation, now: ImageAnnotation): void => put(now),
    removeAnnotation: ({ id }: ImageAnnotation): void => {
      boxes.delete(id);
      redraw();
    },
    setSelected: (selection: { selected: readonly { id: string }[] }): void => {
      selected = new Set(selection.selected.map(({ id }) => id));
      redraw();
    },
    setHovered: (id?: string): void => {
      hovered = id;
      redraw();
    },
    setVisible: (visible: boolean): void => void canvas.classList.toggle("hidden", !visible),
    getScale: pixelsPerImagePixel,
    redraw,
    resize: redraw,
    setFilter: redraw,
    setStyle: redraw,
    destroy: (): void => cancelAnimationFrame(frame),
  };
}

interface Visible {
  look: Look;
  x: number;
  y: number;
  w: number;
  h: number;
  strong: boolean;
}

function fitCanvas(canvas: HTMLCanvasElement, ratio: number): void {
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function drawAll(context: CanvasRenderingContext2D, visible: readonly Visible[]): void {
  const few = visible.length <= MOST_TEXTS;
  for (const one of visible) {
    outline(context, one, few);
    if (few || one.strong) caption(context, one);
  }
}

/** A dark line under the coloured one keeps it readable on any ground. */
function outline(context: CanvasRenderingContext2D, one: Visible, few: boolean): void {
  const { colour, dash, width } = LOOKS[one.look.state];
  const room = one.strong ? 3 : 2; // the mark itself stays free
  const sides = [one.x - room, one.y - room, one.w + 2 * room, one.h + 2 * room] as const;
  const line = one.strong ? width + 1 : width;
  if (few || one.strong) {
    context.setLineDash([]);
    context.strokeStyle = "#000a";
    context.lineWidth = line + 2;
    context.strokeRect(...sides);
  }
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(...sides);
}

function caption(context: CanvasRenderingContext2D, one: Visible): void {
  const { colour, sign } = LOOKS[one.look.state];
  const text = one.strong ? `${sign} ${one.look.text}` : sign;
  context.font = FONT;
  const width = context.measureText(text).width + 8;
  const y = one.y > 20 ? one.y - 20 : one.y + one.h + 4;
  const x = Math.max(Math.min(one.x - 3, context.canvas.clientWidth - width), 0);
  context.fillStyle = one.strong ? colour : "#000b";
  context.fillRect(x, y, width, 17);
  context.fillStyle = one.strong ? "#000" : colour;
  context.textBaseline = "middle";
  context.fillText(text, x + 4, y + 9);
}
