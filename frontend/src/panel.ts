/** What stands beside the picture: what it is, what is selected, what can be done, what is saved. */

import { button, element, setText } from "./dom";
import { keysOf, type Command } from "./keys";
import { MarkList } from "./list";
import { countOpen, type Mark } from "./marks";
import type { Picture } from "./picture";
import { signOf } from "./stage";
import type { Say, StringKey } from "./strings";

export interface PanelState {
  readonly picture: Picture;
  readonly marks: readonly Mark[];
  readonly selected: Mark | null;
  readonly classes: readonly string[];
  readonly reviewed: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

export class Panel {
  readonly root: HTMLElement;
  readonly closeUp = element("div", { class: "close-up" });
  readonly saving = element("p", { class: "saving", role: "status" });
  private readonly name = element("h1", { class: "picture-name" });
  private readonly reviewed = element("p", { class: "reviewed" });
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
    this.buttons = new Map(commands.map((name) => [name, commandButton(name, say, run, true)]));
    this.list = new MarkList(say, chosen);
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
      { class: "panel", "aria-label": say("title") },
      element("header", {}, this.name, this.reviewed),
      element("div", { class: "found" }, this.closeUp, this.about),
      ...changing,
      this.list.root,
      element("footer", {}, ...ends),
    );
  }

  show(state: PanelState): void {
    const { picture, marks, selected, reviewed } = state;
    setText(this.name, picture.name);
    this.name.title = picture.name;
    setText(this.reviewed, this.say(reviewed ? "reviewed" : "not_reviewed"));
    this.reviewed.classList.toggle("yes", reviewed);
    const open = countOpen(marks);
    setText(this.progress, this.progressOf(open, picture.finds.length));
    this.list.show(marks, selected?.key ?? null);
    this.describe(state);
    const last = picture.after === null;
    this.enable("accept", selected !== null && selected.score !== null);
    this.enable("reject", selected !== null && selected.score !== null);
    this.enable("remove", selected !== null);
    this.enable("undo", state.canUndo);
    this.enable("redo", state.canRedo);
    const done = this.buttons.get("done");
    done?.classList.toggle("ready", open === 0);
    const words = done?.querySelector(".words");
    if (words) setText(words, this.say(last ? "done_last" : "done_next"));
  }

  private progressOf(open: number, of: number): string {
    if (of === 0) return this.say("no_finds");
    return open === 0 ? this.say("all_judged") : this.say("num_open", { n: open, of });
  }

  private describe({ picture, selected, classes }: PanelState): void {
    this.closeUp.classList.toggle("empty", selected === null);
    this.choice.disabled = selected === null;
    this.offer(selected === null ? [] : [...new Set([selected.value.label, ...classes])].sort());
    if (!selected) {
      setText(this.about, this.say("nothing_selected"));
      return;
    }
    const { state, label } = selected.value;
    this.choice.value = label;
    const place = picture.finds.findIndex((find) => `f${find.id}` === selected.key) + 1;
    const parts = [`${signOf(state)} ${this.say(`state_${state}`)}`];
    if (place > 0) parts.unshift(this.say("find_n", { n: place, of: picture.finds.length }));
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
  worded: boolean,
  sign = "",
): HTMLButtonElement {
  const key = keysOf(command)[0] ?? "";
  const words = say(command);
  const attributes = { class: `command ${command}`, title: `${words} (${keysOf(command).join(", ")})` };
  if (!worded) {
    return button({ ...attributes, "aria-label": words }, () => run(command), sign);
  }
  const shown = element("span", { class: "words" }, words);
  return button(attributes, () => run(command), shown, element("kbd", { "aria-hidden": "true" }, key));
}
