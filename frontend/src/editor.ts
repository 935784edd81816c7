/** The review page: one picture at a time, and what the keys, mouse and buttons do to it. */

import { RefusedError, type HttpApi } from "./api";
import { Canvas } from "./canvas";
import { askWhose, keysDialog } from "./dialogs";
import { button, element, setText } from "./dom";
import { move, resize, rounded } from "./geometry";
import { History, type Step } from "./history";
import { commandOf, type Command } from "./keys";
import { isSameValue, nextOpen, stepped, type Mark, type State, type Value } from "./marks";
import { commandButton, Panel } from "./panel";
import type { Box, Picture } from "./picture";
import { Saving, unsentPictures } from "./saving";
import { sourceOf } from "./source";
import { Strip } from "./strip";
import type { Say, StringKey } from "./strings";

export interface Settings {
  readonly api: HttpApi;
  readonly say: Say;
  /** The page of a picture is this and its id. */
  readonly page: string;
  readonly mayChange: boolean;
}

const NUDGES: Readonly<Partial<Record<Command, readonly [number, number]>>> = {
  left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1],
};
const SIZES: Readonly<Partial<Record<Command, readonly [number, number]>>> = {
  narrower: [-1, 0], wider: [1, 0], lower: [0, -1], higher: [0, 1],
};

export class Editor {
  private readonly api: HttpApi;
  private readonly say: Say;
  private readonly stage = element("div", { class: "stage", tabindex: "0", role: "application" });
  private readonly note = element("p", { class: "note", role: "status", hidden: "" });
  private readonly panel: Panel;
  private readonly strip: Strip;
  private readonly canvas: Canvas;
  private readonly help: HTMLDialogElement;
  private readonly savings = new Map<number, Saving>();
  private readonly coming = new Map<number, Promise<Picture>>();
  private history = new History();
  private saving: Saving | null = null;
  private selected: string | null = null;
  private classes: readonly string[] = [];
  private asking = false;
  private numMade = 0;
  private turn = 0;

  constructor(root: HTMLElement, private readonly settings: Settings) {
    this.api = settings.api;
    this.say = settings.say;
    const run = (command: Command): void => this.run(command);
    this.panel = new Panel(
      this.say, run, (key) => this.select(key), (label) => this.rename(label), settings.mayChange,
    );
    this.strip = new Strip(this.api, this.say, (id) => settings.page + id, (id) => void this.go(id));
    this.help = keysDialog(this.say);
    this.stage.setAttribute("aria-label", this.say("picture"));
    const tool = (command: Command & StringKey, sign: string): HTMLButtonElement =>
      commandButton(command, this.say, run, false, sign);
    const tools = element(
      "div", { class: "tools", role: "toolbar", "aria-label": this.say("keys_view") },
      tool("previousPicture", "⏮"), tool("nextPicture", "⏭"), tool("zoomIn", "+"), tool("zoomOut", "−"),
      tool("fit", "⛶"), tool("zoomFind", "⌖"), tool("boost", "◐"), tool("hide", "▢"), tool("help", "?"),
    );
    root.replaceChildren(
      element("div", { class: "view" }, tools, this.stage, this.note), this.panel.root,
      this.strip.root, this.help,
    );
    this.canvas = new Canvas(
      this.stage,
      this.panel.closeUp,
      {
        selected: (key) => this.select(key),
        reshaped: (key, box) => this.reshape(key, box),
        drawn: (box) => this.add(box),
        drawing: (on) => this.tell(on ? this.say("drawing") : ""),
      },
      ({ value, score }) => {
        return { state: value.state, text: score === null ? value.label : `${value.label} ${score.toFixed(2)}` };
      },
      settings.mayChange,
    );
    this.listen();
  }

  async start(id: number): Promise<void> {
    this.classes = await this.api.classes().catch(() => []);
    await this.go(id, false);
    void this.strip.load(id).catch(() => undefined);
    await this.sendLate(id);
  }

  /** Shows another picture. */
  private async go(id: number, isNew = true): Promise<void> {
    const turn = ++this.turn;
    this.canvas.cancel();
    let picture: Picture;
    try {
      picture = await (this.coming.get(id) ?? this.api.read(id));
    } catch (error) {
      this.tellFailure(error);
      return;
    } finally {
      this.coming.delete(id);
    }
    if (turn !== this.turn) return; // another was asked for meanwhile
    if (isNew) globalThis.history.pushState({ id }, "", this.settings.page + id);
    this.saving = this.savingOf(picture);
    this.history = new History();
    this.selected = null;
    document.title = `${picture.name} · ${this.say("title")} · blemish`;
    if (!this.strip.mark(id) && isNew) void this.strip.load(id).catch(() => undefined);
    await this.open(picture, turn);
    if (turn !== this.turn) return;
    this.saving.send();
    this.prefetch(picture);
    void this.saving.renew();
  }

  private async open(picture: Picture, turn: number): Promise<void> {
    this.tell("");
    this.panelOnly();
    if (picture.width === 0) {
      const failed = picture.state === "failed";
      this.tell(failed ? this.say("failed", { why: picture.error }) : this.say("waiting"));
      return;
    }
    try {
      const source = await sourceOf(picture, this.api, () => this.tell(this.say("cutting")));
      if (turn !== this.turn) return;
      await this.canvas.open(picture, source);
    } catch (error) {
      this.tell(this.say("cannot_show", { why: messageOf(error) }));
      return;
    }
    if (turn !== this.turn) return;
    this.tell(picture.state === "failed" ? this.say("failed", { why: picture.error }) : "");
    this.refresh();
    this.select(nextOpen(this.marks(), null));
  }

  private savingOf(picture: Picture): Saving {
    const known = this.savings.get(picture.id);
    if (known && known.numUnsent > 0) return known;
    const made: Saving = new Saving(picture, this.api, localStorage, () => this.saved(made));
    this.savings.set(picture.id, made);
    return made;
  }

  private prefetch({ after }: Picture): void {
    this.coming.clear();
    if (after === null) return;
    const read = this.api.read(after);
    this.coming.set(after, read);
    read.then(
      ({ width }) => {
        if (width > 0) new Image().src = this.api.imageOf(after);
      },
      () => this.coming.delete(after),
    );
  }

  /** Sends what was left from an earlier time for other pictures. */
  private async sendLate(shown: number): Promise<void> {
    for (const id of unsentPictures(localStorage)) {
      if (id === shown) continue;
      try {
        const saving = this.savingOf(await this.api.read(id));
        const count = saving.numUnsent;
        saving.send();
        await saving.settled();
        if (saving.status === "saved") this.tell(this.say("sent_late", { n: count }));
        if (saving.status === "changed") {
          const link = element("a", { href: this.settings.page + id }, this.say("open_it"));
          this.tell(this.say("changed_other", { id }), link);
        }
      } catch {
        // it stays where it is until next time
      }
    }
  }

  private listen(): void {
    document.addEventListener("keydown", (event) => this.press(event), { capture: true });
    globalThis.addEventListener("popstate", () => {
      const id = Number(location.pathname.slice(this.settings.page.length));
      if (id) void this.go(id, false);
    });
    globalThis.addEventListener("online", () => this.savings.forEach((saving) => saving.send()));
  }

  private press(event: KeyboardEvent): void {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (target.closest("dialog, input, textarea")) return;
    const command = commandOf(event);
    if (command === null || (target.closest("select") && !/Control|Meta/.test(modifierOf(event)))) return;
    const presses = target.closest("button, a") !== null && target !== this.stage;
    if (presses && (event.key === " " || event.key === "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    this.run(command);
  }

  private run(command: Command): void {
    const changed = this.settings.mayChange && this.saving && this.change(command);
    if (!changed) this.look(command);
  }

  /** Does what changes labels or verdicts; tells whether the command is such a one. */
  private change(command: Command): boolean {
    const mark = this.mark();
    const numbered = /^class(\d)$/.exec(command)?.[1];
    if (numbered !== undefined) {
      const label = this.classes[Number(numbered)];
      if (label !== undefined) this.rename(label);
      return true;
    }
    const nudge = NUDGES[command];
    const size = SIZES[command];
    if (mark && (nudge ?? size) && this.saving) {
      const { width, height } = this.saving.seen;
      const [dx, dy] = nudge ?? size ?? [0, 0];
      this.reshape(mark.key, rounded((nudge ? move : resize)(mark.value.box, dx, dy, width, height)));
      return true;
    }
    switch (command) {
      case "accept": this.accept(mark); return true;
      case "reject": this.judge(mark, "rejected", true); return true;
      case "reopen": this.judge(mark, "open", false); return true;
      case "remove": this.remove(mark); return true;
      case "duplicate": if (mark) this.add(this.beside(mark.value.box), mark.value.label); return true;
      case "draw": this.canvas.startDrawing(); return true;
      case "place": this.add(this.canvas.middle()); return true;
      case "undo": this.take(this.history.undo()); return true;
      case "redo": this.take(this.history.redo()); return true;
      case "save": this.saving?.send(); return true;
      case "done": this.finish(); return true;
      default: return false;
    }
  }

  private look(command: Command): void {
    const mark = this.mark();
    switch (command) {
      case "next": this.select(stepped(this.marks(), this.selected, 1)); break;
      case "previous": this.select(stepped(this.marks(), this.selected, -1)); break;
      case "nextPicture": this.goBeside("after"); break;
      case "previousPicture": this.goBeside("before"); break;
      case "zoomIn": this.canvas.zoomBy(1.5); break;
      case "zoomOut": this.canvas.zoomBy(1 / 1.5); break;
      case "fit": this.canvas.fit(); break;
      case "zoomFind": if (mark) this.canvas.zoomTo(mark.value.box); break;
      case "boost": document.body.classList.toggle("boost"); break;
      case "hide": this.canvas.setHidden(document.body.classList.toggle("boxes-hidden")); break;
      case "help": this.help.showModal(); break;
      case "cancel": if (!this.canvas.cancel()) this.select(null); break;
      default: break;
    }
  }

  private accept(mark: Mark | null): void {
    if (mark?.value.state === "open" || mark?.value.state === "rejected") {
      this.judge(mark, "accepted", true);
      return;
    }
    const next = nextOpen(this.marks(), this.selected);
    if (next === null) this.finish();
    else this.select(next);
  }

  private judge(mark: Mark | null, state: State, goOn: boolean): void {
    if (!mark || mark.score === null) return;
    this.put([[mark, { ...mark.value, state }]]);
    if (goOn) this.select(nextOpen(this.marks(), mark.key));
  }

  private remove(mark: Mark | null): void {
    if (!mark) return;
    if (mark.score !== null) {
      this.judge(mark, "rejected", true);
      return;
    }
    const next = stepped(this.marks(), mark.key, 1);
    this.put([[mark, { ...mark.value, state: "gone" }]]);
    this.select(next === mark.key ? null : next);
  }

  private rename(label: string): void {
    const mark = this.mark();
    if (mark) this.put([[mark, { ...settled(mark.value), label }]]);
  }

  private reshape(key: string, box: Box): void {
    const mark = this.marks().find((one) => one.key === key);
    if (mark) this.put([[mark, { ...settled(mark.value), box }]]);
  }

  private add(box: Box, label?: string): void {
    const key = `n${Date.now().toString(36)}-${++this.numMade}`;
    const name = label ?? this.mark()?.value.label ?? this.classes[0] ?? "defect";
    const none: Mark = { key, score: null, value: { state: "gone", box, label: name } };
    this.put([[none, { ...none.value, state: "drawn" }]]);
    this.select(key);
  }

  private beside(box: Box): Box {
    const { width = 0, height = 0 } = this.saving?.seen ?? {};
    return rounded(move(box, 8, 8, width, height));
  }

  private put(changes: readonly (readonly [Mark, Value])[]): void {
    const real = changes.filter(([mark, after]) => !isSameValue(mark.value, after));
    this.history.add(real.map(([{ key, value }, after]) => ({ key, before: value, after })));
    this.saving?.wish(real.map(([{ key }, after]) => [key, after]));
    this.refresh();
  }

  private take(step: Step): void {
    if (step.length === 0) return;
    this.saving?.wish(step.map(({ key, after }) => [key, after]));
    this.refresh();
    this.select(step.findLast(({ after }) => after.state !== "gone")?.key ?? null);
  }

  /** Says that the labels are complete and goes on. */
  private finish(): void {
    if (!this.saving) return;
    const { id } = this.saving.seen;
    this.saving.wish([], true);
    this.strip.setReviewed(id, true);
    this.refresh();
    this.goBeside("after");
  }

  private goBeside(side: "before" | "after"): void {
    const id = this.saving?.seen[side] ?? null;
    if (id !== null) void this.go(id);
    else if (this.saving) this.tell(this.say(side === "after" ? "last_picture" : "first_picture"));
  }

  private select(key: string | null): void {
    this.selected = key;
    this.canvas.select(key);
    this.panelOnly();
  }

  private mark(): Mark | null {
    return this.marks().find((mark) => mark.key === this.selected) ?? null;
  }

  private marks(): Mark[] {
    return this.saving?.marks() ?? [];
  }

  private saved(saving: Saving): void {
    if (saving !== this.saving) return;
    this.refresh();
    if (saving.status === "changed" && !this.asking) void this.askWhose(saving);
  }

  private async askWhose(saving: Saving): Promise<void> {
    this.asking = true;
    const keep = await askWhose(this.say, saving.numUnsent);
    this.asking = false;
    if (keep === "theirs") this.history.clear();
    saving.resolve(keep);
    this.refresh();
  }

  private refresh(): void {
    this.canvas.show(this.marks());
    if (this.mark() === null) this.selected = null;
    this.panelOnly();
  }

  private panelOnly(): void {
    if (!this.saving) return;
    const { status, reason, numUnsent: n } = this.saving;
    this.panel.show({
      picture: this.saving.seen,
      marks: this.marks(),
      selected: this.mark(),
      classes: this.classes,
      reviewed: this.saving.isReviewed,
      canUndo: this.history.canUndo,
      canRedo: this.history.canRedo,
    });
    this.panel.saving.dataset["status"] = status;
    const words = status === "changed" ? "changed_title" : status;
    setText(this.panel.saving, this.say(words, { n, why: reason }));
  }

  private tell(words: string, ...more: Node[]): void {
    this.note.hidden = words === "";
    const close = button({ class: "close", "aria-label": this.say("close") }, () => this.tell(""), "×");
    this.note.replaceChildren(words, " ", ...more, close);
  }

  private tellFailure(error: unknown): void {
    if (error instanceof RefusedError && error.status === 401) {
      this.tell(this.say("login"));
    } else {
      this.tell(this.say("cannot_show", { why: messageOf(error) }));
    }
  }
}

/** A box that a person moves or names is one: an open or rejected find becomes accepted. */
function settled(value: Value): Value {
  return value.state === "drawn" ? value : { ...value, state: "accepted" };
}

function modifierOf(event: KeyboardEvent): string {
  return event.ctrlKey ? "Control" : event.metaKey ? "Meta" : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
