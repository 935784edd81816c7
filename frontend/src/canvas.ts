/** The big picture: zoom and pan, boxes to select, draw, move and resize, and the close-up. */

import {
  createOSDAnnotator,
  UserSelectAction,
  type ImageAnnotation,
  type OpenSeadragonAnnotator,
} from "@annotorious/openseadragon";
import OpenSeadragon from "openseadragon";

import { fit, isSame, rounded, surroundings } from "./geometry";
import type { Mark } from "./marks";
import type { Box, Picture } from "./picture";
import { boxOf, setLooks, type Look } from "./stage";

export interface Hearer {
  selected(key: string | null): void;
  reshaped(key: string, box: Box): void;
  drawn(box: Box): void;
  drawing(on: boolean): void;
}

/** What OpenSeadragon takes as the source of a picture. */
export type Source =
  | (OpenSeadragon.TileSourceOptions & { getTileUrl(level: number, x: number, y: number): string })
  | { type: "image"; url: string };

type Store = OpenSeadragonAnnotator["state"]["store"];
type Origin = Parameters<Store["addAnnotation"]>[1];
const QUIET = "REMOTE" as unknown as Origin; // the enum itself is not exported
const LOCAL = "LOCAL" as unknown as NonNullable<Origin>;
const CLOSE_UP = { times: 4, least: 48 };
const SHARP_ABOVE = 2; // screen pixels a pixel

const OPTIONS = {
  tabIndex: -1,
  drawer: "canvas",
  showNavigationControl: false,
  animationTime: 0.25,
  springStiffness: 12,
  maxZoomPixelRatio: 24,
  minZoomImageRatio: 0.6,
  visibilityRatio: 0.4,
  imageLoaderLimit: 6,
  placeholderFillStyle: "#15181c",
  crossOriginPolicy: false,
} as const;

export class Canvas {
  private readonly viewer: OpenSeadragon.Viewer;
  private readonly closeUp: OpenSeadragon.Viewer;
  private readonly annotator: OpenSeadragonAnnotator;
  private marks = new Map<string, Mark>();
  private dragged: string | null = null;
  private asked = 0; // how often a box was to be drawn
  private begun: number[] = []; // and how often when the pen was set down, of boxes not yet told
  private size: readonly [number, number] = [1, 1];
  private shown: Box | null = null;
  private isWhole = true; // the whole picture is in view, and stays so when the window changes

  constructor(
    element: HTMLElement,
    closeUp: HTMLElement,
    private readonly hearer: Hearer,
    mayChange: boolean,
  ) {
    const mouse = { clickToZoom: false, dblClickToZoom: false, flickEnabled: false };
    this.viewer = OpenSeadragon({
      ...OPTIONS,
      element,
      gestureSettingsMouse: mouse,
      gestureSettingsTouch: { dblClickToZoom: false, flickEnabled: false },
      gestureSettingsPen: mouse,
    });
    this.viewer.addHandler("canvas-key", (event) => {
      event.preventDefaultAction = true; // the keys are ours
    });
    this.closeUp = OpenSeadragon({ ...OPTIONS, element: closeUp, maxZoomPixelRatio: 64, minZoomImageRatio: 0 });
    this.closeUp.setMouseNavEnabled(false);
    setLooks(this.viewer, (id) => this.lookOf(id));
    this.annotator = createOSDAnnotator(this.viewer, {
      drawingEnabled: false,
      drawingMode: "drag",
      userSelectAction: mayChange ? UserSelectAction.EDIT : UserSelectAction.SELECT,
    });
    this.listen(element);
  }

  /** Shows no picture. */
  close(): void {
    this.cancel();
    this.marks = new Map(); // first, so that what is selected in the next picture stays so
    this.annotator.state.selection.clear();
    this.annotator.state.store.clear(QUIET);
    this.shown = null;
    this.viewer.close();
    this.closeUp.close();
  }

  /** Shows another picture; resolves when it can be seen. */
  async open(picture: Picture, source: Source): Promise<void> {
    this.close();
    this.size = [picture.width, picture.height];
    this.closeUp.open({ tileSource: source });
    const opened = new Promise<void>((resolve, reject) => {
      this.viewer.addOnceHandler("open", () => resolve());
      this.viewer.addOnceHandler("open-failed", (event) => reject(new Error(event.message)));
    });
    this.viewer.open({ tileSource: source });
    await opened;
    this.fit(true);
  }

  /** Shows these boxes and no others. */
  show(marks: readonly Mark[]): void {
    const { store } = this.annotator.state;
    const there = marks.filter((mark) => mark.value.state !== "gone");
    const keys = new Set(there.map((mark) => mark.key));
    const gone = store.all().filter(({ id }) => !keys.has(id));
    if (gone.length > 0) store.bulkDeleteAnnotations(gone, QUIET);
    this.marks = new Map(there.map((mark) => [mark.key, mark]));
    const moved = there.filter(({ key, value }) => {
      const known = store.getAnnotation(key);
      return !known || !isSame(boxOf(known), value.box);
    });
    if (moved.length > 0) store.bulkUpsertAnnotations(moved.map(annotationOf), QUIET);
    this.viewer.forceRedraw();
    this.viewer.raiseEvent("update-viewport", {});
  }

  select(key: string | null): void {
    if (this.annotator.isDrawingEnabled()) return; // what is selected would end that
    const now = this.annotator.getSelected()[0]?.id ?? null;
    if (now !== key) this.annotator.setSelected(key ?? undefined);
    const box = key === null ? undefined : this.marks.get(key)?.value.box;
    if (!box) return;
    this.reveal(box);
    this.showCloseUp(box);
  }

  startDrawing(): void {
    this.asked += 1;
    this.annotator.setSelected();
    this.annotator.setDrawingEnabled(true);
    this.hearer.drawing(true);
  }

  /** Ends drawing; tells whether there was any. */
  cancel(): boolean {
    if (!this.annotator.isDrawingEnabled()) return false;
    this.annotator.cancelDrawing();
    this.annotator.setDrawingEnabled(false);
    this.hearer.drawing(false);
    return true;
  }

  zoomBy(factor: number): void {
    this.isWhole = false;
    this.viewer.viewport.zoomBy(factor).applyConstraints();
  }

  fit(atOnce = false): void {
    this.isWhole = true;
    this.viewer.viewport.goHome(atOnce);
  }

  zoomTo(box: Box): void {
    this.isWhole = false;
    this.viewer.viewport.fitBounds(this.rectangle(surroundings(box, 8, 96)));
  }

  setHidden(hidden: boolean): void {
    this.annotator.setVisible(!hidden);
  }

  /** Gives a box in the middle of what is seen, an eighth as wide. */
  middle(): Box {
    const seen = this.viewer.viewport.viewportToImageRectangle(this.viewer.viewport.getBounds(true));
    const half = Math.max(Math.min(seen.width, seen.height) / 16, 2);
    const [x, y] = [seen.x + seen.width / 2, seen.y + seen.height / 2];
    return this.within([x - half, y - half, x + half, y + half]);
  }

  private listen(element: HTMLElement): void {
    const { store } = this.annotator.state;
    this.annotator.on("createAnnotation", (made) => {
      const box = this.within(boxOf(made));
      this.annotator.setSelected();
      store.deleteAnnotation(made.id, QUIET);
      const begun = this.begun[0] ?? this.asked; // the oldest drag is this box: it is told late
      this.begun = this.begun.filter((one) => one > begun);
      if (this.asked === begun) this.cancel(); // else the next box was asked for meanwhile
      this.hearer.drawn(box);
    });
    this.annotator.on("selectionChanged", () => {
      if (this.marks.size > 0) this.hearer.selected(this.annotator.getSelected()[0]?.id ?? null);
    });
    store.observe(
      ({ changes }) => {
        const id = changes.updated?.[0]?.newValue.id;
        if (id !== undefined && this.marks.has(id)) this.dragged = id;
      },
      { origin: LOCAL },
    );
    const begin = (): void => {
      if (this.annotator.isDrawingEnabled()) this.begun.push(this.asked);
    };
    element.addEventListener("pointerdown", begin, { capture: true });
    const ended = (): void => void setTimeout(() => this.endDrag(), 0); // after the last move
    element.ownerDocument.addEventListener("pointerup", ended, { capture: true });
    element.ownerDocument.addEventListener("pointercancel", ended, { capture: true });
    for (const name of ["canvas-scroll", "canvas-drag", "canvas-pinch"] as const) {
      this.viewer.addHandler(name, () => (this.isWhole = false));
    }
    this.viewer.addHandler("after-resize", () => {
      setTimeout(() => { // after OpenSeadragon set a zoom of its own
        if (this.isWhole) this.fit(true);
      }, 0);
    });
    // Corners are for the mouse; with keys a box is changed by commands.
    const hush = (): void => element.querySelectorAll('.a9s-annotationlayer [role="button"]').forEach((one) => {
      one.setAttribute("role", "presentation");
      one.setAttribute("tabindex", "-1");
    });
    new MutationObserver(hush).observe(element, { childList: true, subtree: true });
    this.viewer.addHandler("zoom", ({ zoom }) => {
      const pixel = this.viewer.viewport.viewportToImageZoom(zoom);
      this.viewer.drawer.setImageSmoothingEnabled(pixel < SHARP_ABOVE);
    });
    this.closeUp.addHandler("open", () => {
      this.closeUp.drawer.setImageSmoothingEnabled(false);
      if (this.shown) this.showCloseUp(this.shown);
    });
  }

  private endDrag(): void {
    const key = this.dragged;
    this.dragged = null;
    const moved = key === null ? undefined : this.annotator.state.store.getAnnotation(key);
    const mark = key === null ? undefined : this.marks.get(key);
    if (!moved || !mark || isSame(boxOf(moved), mark.value.box)) return;
    const box = this.within(boxOf(moved));
    const right = annotationOf({ ...mark, value: { ...mark.value, box } });
    this.annotator.state.store.updateAnnotation(right, QUIET); // its bounds were one event late
    this.hearer.reshaped(mark.key, box);
  }

  private lookOf(id: string): Look | null {
    const mark = this.marks.get(id);
    if (!mark) return null;
    const { state, label } = mark.value;
    return { state, text: mark.score === null ? label : `${label} ${mark.score.toFixed(2)}` };
  }

  private within(box: Box): Box {
    return rounded(fit(box, ...this.size));
  }

  private rectangle([x1, y1, x2, y2]: Box): OpenSeadragon.Rect {
    return this.viewer.viewport.imageToViewportRectangle(x1, y1, x2 - x1, y2 - y1);
  }

  /** Brings a box into view if it is not, without changing the zoom. */
  private reveal(box: Box): void {
    if (this.viewer.world.getItemCount() === 0) return;
    const seen = this.viewer.viewport.getBounds();
    const place = this.rectangle(box);
    const centre = place.getCenter();
    const [dx, dy] = [seen.width * 0.06, seen.height * 0.06];
    const inside =
      centre.x > seen.x + dx &&
      centre.x < seen.x + seen.width - dx &&
      centre.y > seen.y + dy &&
      centre.y < seen.y + seen.height - dy;
    if (!inside) this.viewer.viewport.panTo(centre);
  }

  private showCloseUp(box: Box): void {
    this.shown = box;
    if (this.closeUp.world.getItemCount() === 0) return;
    const [x1, y1, x2, y2] = surroundings(box, CLOSE_UP.times, CLOSE_UP.least);
    const { viewport } = this.closeUp;
    viewport.fitBounds(viewport.imageToViewportRectangle(x1, y1, x2 - x1, y2 - y1), true);
  }
}

function annotationOf({ key, value: { box } }: Mark): ImageAnnotation {
  const [minX, minY, maxX, maxY] = box;
  const bounds = { minX, minY, maxX, maxY };
  const geometry = { x: minX, y: minY, w: maxX - minX, h: maxY - minY, bounds };
  const selector = { type: "RECTANGLE", geometry } as ImageAnnotation["target"]["selector"];
  return { id: key, bodies: [], target: { annotation: key, selector } };
}
