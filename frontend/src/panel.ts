/** What stands beside the picture: what it is, what is selected, what can be done, what is saved. */

import { button, element, setText } from "./dom";
import { keysOf, type Command } from "./keys";
import { MarkList } from "./list";
import { countOpen } from "./marks";
import { signOf } from "./stage";
import type { Say, StringKey } from "./strings";
import type { Work } from "./work";

export class Panel {
  readonly root: HTMLElement;
  readonly closeUp = element("div", { class: "close-up", role: "img" });
  private readonly saving = element("p", { class: "saving", role: "status" });
  private readonly name = element("h1", { class: "picture-name" });
  private readonly reviewed = element("p", { class: "reviewed" });
  private readonly looked = element("p", { class: "looked" });
  private readonly progress = element("p", { class: "progress", "aria-live": "polite" });
  private readonly about = element("p", { class: "about", "aria-live": "polite" });
  private readonly choice: HTMLSelectElement;
  private readonly buttons: Map<Command, HTMLButtonElement>;
  private readonly list: MarkList;

  constructor(
    private readonly say: Say,
    run: (command: Command) => void,
    chosen: (key: string) => void,
    renamed: (label: string) => void,
    mayChange: boolean,
  ) {
    const commands = ["accept", "reject", "draw", "remove", "undo", "redo", "done"] as const;
    this.buttons = new Map(commands.map((name) => [name, commandButton(name, say, run)]));
    this.list = new MarkList(say, chosen);
    this.closeUp.setAttribute("aria-label", say("close_up"));
    this.choice = element("select", { id: "class", disabled: "" });
    this.choice.addEventListener("change", () => renamed(this.choice.value));
    const named = element("p", { class: "class" }, element("label", { for: "class" }, say("class")), this.choice);
    const pair = (...names: readonly Command[]): HTMLElement =>
      element("div", { class: "pair" }, ...names.flatMap((name) => this.buttons.get(name) ?? []));
    const changing = mayChange
      ? [named, pair("accept", "reject"), pair("draw", "remove"), pair("undo", "redo")]
      : [element("p", { class: "read-only" }, say("read_only"))];
    const ends = mayChange ? [this.progress, pair("done"), this.saving] : [this.progress];
    this.root = element(
      "aside",
      { class: "desk", "aria-label": say("title") },
      element("div", { class: "head" }, this.name, this.reviewed),
      this.looked,
      element("div", { class: "found" }, this.closeUp, this.about),
      ...changing,
      this.list.root,
      element("div", { class: "foot" }, ...ends),
    );
  }

  show(work: Work, classes: readonly string[]): void {
    const { selected, saving } = work;
    const marks = work.marks();
    const picture = saving.seen;
    setText(this.name, picture.name);
    this.name.title = picture.name;
    setText(this.reviewed, this.say(saving.isReviewed ? "reviewed" : "not_reviewed"));
    this.reviewed.classList.toggle("yes", saving.isReviewed);
    const { model } = picture;
    setText(this.looked, model ? this.say("looked", { model: `${model.name} · ${model.hash.slice(0, 8)}` }) : "");
    const open = countOpen(marks);
    setText(this.progress, this.progressOf(open, picture.finds.length));
    this.list.show(marks, selected?.key ?? null);
    this.describe(work, classes);
    this.enable("accept", selected !== null && selected.score !== null);
    this.enable("reject", selected !== null && selected.score !== null);
    this.enable("remove", selected !== null);
    this.enable("undo", work.canUndo);
    this.enable("redo", work.canRedo);
    const done = this.buttons.get("done");
    done?.classList.toggle("ready", open === 0);
    const words = done?.querySelector(".words");
    if (words) setText(words, this.say(picture.after === null ? "done_last" : "done_next"));
    this.tellSaving(saving);
  }

  private tellSaving({ status, reason, numUnsent: n }: Work["saving"]): void {
    this.saving.dataset["status"] = status;
    const words = status === "changed" ? "changed_title" : status;
    setText(this.saving, this.say(words, { n, why: reason }));
  }

  private progressOf(open: number, of: number): string {
    if (of === 0) return this.say("no_finds");
    return open === 0 ? this.say("all_judged") : this.say("num_open", { n: open, of });
  }

  private describe({ selected, saving }: Work, classes: readonly string[]): void {
    const { finds } = saving.seen;
    this.closeUp.classList.toggle("empty", selected === null);
    this.choice.disabled = selected === null;
    this.offer(selected === null ? [] : [...new Set([selected.value.label, ...classes])].sort());
    if (!selected) {
      setText(this.about, this.say("nothing_selected"));
      return;
    }
    const { state, label } = selected.value;
    this.choice.value = label;
    const place = finds.findIndex((find) => `f${find.id}` === selected.key) + 1;
    const parts = [`${signOf(state)} ${this.say(`state_${state}`)}`];
    if (place > 0) parts.unshift(this.say("find_n", { n: place, of: finds.length }));
    if (selected.score !== null) parts.push(`${this.say("score")} ${selected.score.toFixed(2)}`);
    setText(this.about, parts.join(" · "));
  }

  private offer(names: readonly string[]): void {
    const now = [...this.choice.options].map((option) => option.value);
    if (now.join("\n") === names.join("\n")) return;
    this.choice.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  }

  private enable(name: Command, on: boolean): void {
    const found = this.buttons.get(name);
    if (found) found.disabled = !on;
  }
}

/** Makes the button of a command; its key stands on it or, if it has only a sign, in its title. */
export function commandButton(
  command: Command & StringKey,
  say: Say,
  run: (command: Command) => void,
  sign: Element | null = null,
): HTMLButtonElement {
  const key = keysOf(command)[0] ?? "";
  const words = say(command);
  const attributes = { class: `command ${command}`, title: `${words} (${keysOf(command).join(", ")})` };
  if (sign) {
    return button({ ...attributes, "aria-label": words }, () => run(command), sign);
  }
  const shown = element("span", { class: "words" }, words);
  return button(attributes, () => run(command), shown, element("kbd", { "aria-hidden": "true" }, key));
}
