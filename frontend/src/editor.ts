/** The review page: one picture at a time, and what keys, mouse and buttons do to it. */

import { RefusedError, type HttpApi } from "./api";
import { Canvas } from "./canvas";
import { askWhose, keysDialog } from "./dialogs";
import { button, element } from "./dom";
import { icon, type IconName } from "./icons";
import { commandOf, type Command } from "./keys";
import { commandButton, Panel } from "./panel";
import type { Picture } from "./picture";
import { Pictures } from "./pictures";
import type { Saving } from "./saving";
import { sourceOf } from "./source";
import { Strip } from "./strip";
import type { Say } from "./strings";
import { Work } from "./work";

export interface Settings {
  readonly api: HttpApi;
  readonly say: Say;
  readonly pageOf: (id: number) => string;
  readonly mayChange: boolean;
}

const TOOLS: readonly IconName[] = [
  "previousPicture", "nextPicture", "zoomIn", "zoomOut", "fit", "zoomFind", "boost", "hide", "help",
];
/** What one who may only look may do. */
const LOOKING = new Set<Command>(["next", "previous"]);

export class Editor {
  private readonly api: HttpApi;
  private readonly say: Say;
  private readonly scene = element("div", { class: "scene", tabindex: "0", role: "application" });
  private readonly note = element("p", { class: "note", role: "status", hidden: "" });
  private readonly pictures: Pictures;
  private readonly panel: Panel;
  private readonly strip: Strip;
  private readonly canvas: Canvas;
  private readonly help: HTMLDialogElement;
  private work: Work | null = null;
  private classes: readonly string[] = [];
  private asking = false;
  private turn = 0;

  constructor(root: HTMLElement, private readonly settings: Settings) {
    const { api, say, pageOf, mayChange } = settings;
    [this.api, this.say] = [api, say];
    const run = (command: Command): void => this.run(command);
    this.pictures = new Pictures(api, (saving) => this.saved(saving));
    this.panel = new Panel(
      say, run, (key) => this.select(key), (label) => this.edit((work) => work.rename(label)), mayChange,
    );
    this.strip = new Strip(api, say, pageOf, (id) => void this.go(id));
    this.help = keysDialog(say);
    this.scene.setAttribute("aria-label", say("picture"));
    const tools = TOOLS.map((name) => commandButton(name, say, run, icon(name)));
    const bar = element("div", { class: "tools", role: "toolbar", "aria-label": say("keys_view") }, ...tools);
    const view = element("div", { class: "view" }, bar, this.scene, this.note);
    root.replaceChildren(view, this.panel.root, this.strip.root);
    document.body.append(this.help);
    const hearer = {
      selected: (key: string | null) => this.select(key),
      reshaped: (key: string, box: Parameters<Work["reshape"]>[1]) => this.edit((work) => work.reshape(key, box)),
      drawn: (box: Parameters<Work["add"]>[0]) => this.edit((work) => work.add(box)),
      drawing: (on: boolean) => this.tell(on ? say("drawing") : ""),
    };
    this.canvas = new Canvas(this.scene, this.panel.closeUp, hearer, mayChange);
    document.addEventListener("keydown", (event) => this.press(event), { capture: true });
    globalThis.addEventListener("popstate", ({ state }) => {
      const id = Number((state as { id?: number } | null)?.id);
      if (id) void this.go(id, false);
    });
  }

  async start(id: number): Promise<void> {
    globalThis.history.replaceState({ id }, "");
    this.classes = await this.api.classes().catch(() => []);
    await this.go(id, false);
    void this.strip.load(id).catch(() => undefined);
    await this.pictures.sendLate(id, (saving, n) => this.sentLate(saving, n));
  }

  /** Shows another picture. */
  private async go(id: number, isNew = true): Promise<void> {
    const turn = ++this.turn;
    this.canvas.cancel();
    try {
      const saving = await this.pictures.open(id);
      if (turn !== this.turn) return; // another was asked for meanwhile
      this.work = new Work(saving, this.classes);
      this.name(saving.seen, isNew);
      if (!this.strip.mark(id) && isNew) void this.strip.load(id).catch(() => undefined);
      await this.open(saving.seen, turn);
      if (turn !== this.turn) return;
      if (saving.status === "changed") this.saved(saving);
      saving.send();
      this.pictures.readAhead(saving.seen.after);
      void saving.renew();
    } catch (error) {
      if (turn === this.turn) this.tellFailure(error);
    }
  }

  private name({ id, name }: Picture, isNew: boolean): void {
    const page = this.settings.pageOf(id);
    if (isNew) globalThis.history.pushState({ id }, "", page);
    document.title = `${name} · ${this.say("title")} · blemish`;
    const back = document.querySelector<HTMLInputElement>("input[name=back]");
    if (back) back.value = page; // another language leads back to this picture
  }

  private async open(picture: Picture, turn: number): Promise<void> {
    const failure = picture.state === "failed" ? this.say("failed", { why: picture.error }) : "";
    this.tell(failure);
    this.showPanel();
    if (picture.width === 0) {
      this.canvas.close();
      this.tell(failure || this.say("waiting"));
      return;
    }
    const source = await sourceOf(picture, this.api, () => this.tell(this.say("cutting")));
    if (turn !== this.turn) return;
    await this.canvas.open(picture, source);
    if (turn !== this.turn) return;
    this.tell(failure);
    this.refresh();
    this.scene.dataset["shown"] = String(picture.id);
  }

  private press(event: KeyboardEvent): void {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (target.closest("dialog, input, textarea")) return;
    const command = commandOf(event);
    if (command === null) return;
    if (target.closest("select") && !event.ctrlKey && !event.metaKey) return;
    const isPressed = event.key === " " || event.key === "Enter";
    if (isPressed && target.closest("button, a")) return;
    event.preventDefault();
    event.stopPropagation();
    this.run(command);
  }

  private run(command: Command): void {
    if (this.look(command) || !this.work) return;
    if (!this.settings.mayChange && !LOOKING.has(command)) return;
    if (command === "draw") this.canvas.startDrawing();
    else if (command === "place") this.edit((work) => work.add(this.canvas.middle()));
    else if (command === "save") this.work.saving.send();
    else if (command === "done" || (command === "accept" && this.work.isJudged)) this.finish();
    else this.edit((work) => work.run(command));
  }

  /** Does what only changes what is seen; false if the command is another. */
  private look(command: Command): boolean {
    const box = this.work?.selected?.value.box;
    switch (command) {
      case "nextPicture": this.goBeside("after"); return true;
      case "previousPicture": this.goBeside("before"); return true;
      case "zoomIn": this.canvas.zoomBy(1.5); return true;
      case "zoomOut": this.canvas.zoomBy(1 / 1.5); return true;
      case "fit": this.canvas.fit(); return true;
      case "zoomFind": if (box) this.canvas.zoomTo(box); return true;
      case "boost": document.body.classList.toggle("boost"); return true;
      case "hide": this.canvas.setHidden(document.body.classList.toggle("boxes-hidden")); return true;
      case "help": this.help.showModal(); return true;
      case "cancel": if (!this.canvas.cancel()) this.select(null); return true;
      default: return false;
    }
  }

  private edit(change: (work: Work) => void): void {
    if (!this.work) return;
    change(this.work);
    this.refresh();
  }

  /** Says that the labels are complete and goes on, or to the first find that is not judged. */
  private finish(): void {
    if (!this.work) return;
    const open = this.work.finish();
    if (open > 0) {
      this.tell(this.say("still_open", { n: open }));
      this.refresh();
      return;
    }
    this.strip.setReviewed(this.work.saving.seen.id, true);
    this.showPanel();
    this.goBeside("after");
  }

  private goBeside(side: "before" | "after"): void {
    const id = this.work?.saving.seen[side] ?? null;
    if (id !== null) void this.go(id);
    else if (this.work) this.tell(this.say(side === "after" ? "last_picture" : "first_picture"));
  }

  private select(key: string | null): void {
    this.work?.select(key);
    this.canvas.select(key);
    this.showPanel();
  }

  private refresh(): void {
    if (!this.work) return;
    this.canvas.show(this.work.marks());
    this.canvas.select(this.work.selected?.key ?? null);
    this.showPanel();
  }

  private showPanel(): void {
    if (this.work) this.panel.show(this.work, this.classes);
  }

  private saved(saving: Saving): void {
    if (saving !== this.work?.saving) return;
    if (saving.status === "changed" && !this.asking) void this.askWhose(saving);
    this.refresh();
  }

  private async askWhose(saving: Saving): Promise<void> {
    this.asking = true;
    const keep = await askWhose(this.say, saving.numUnsent);
    this.asking = false;
    if (keep === "theirs") this.work?.forget();
    saving.resolve(keep);
    this.refresh();
  }

  private sentLate(saving: Saving, n: number): void {
    const { id } = saving.seen;
    if (saving.status === "saved") this.tell(this.say("sent_late", { n }));
    if (saving.status !== "changed") return;
    const link = element("a", { href: this.settings.pageOf(id) }, this.say("open_it"));
    this.tell(this.say("changed_other", { id }), link);
  }

  private tell(words: string, ...more: Node[]): void {
    this.note.hidden = words === "";
    const close = button({ class: "close", "aria-label": this.say("close") }, () => this.tell(""), "×");
    this.note.replaceChildren(words, " ", ...more, close);
  }

  private tellFailure(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const isOut = error instanceof RefusedError && error.status === 401;
    this.tell(isOut ? this.say("login") : this.say("cannot_show", { why }));
  }
}
