/** The list of marks beside the picture. */

import { element, setText } from "./dom";
import type { Mark } from "./marks";
import { signOf } from "./stage";
import type { Say } from "./strings";

interface Row {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly sign: HTMLElement;
  readonly name: HTMLElement;
  readonly score: HTMLElement;
}

export class MarkList {
  readonly root: HTMLOListElement;
  private readonly rows = new Map<string, Row>();
  private current: Row | undefined;

  constructor(
    private readonly say: Say,
    private readonly chosen: (key: string) => void,
  ) {
    this.root = element("ol", { class: "marks", "aria-label": say("list") });
  }

  show(marks: readonly Mark[], selected: string | null): void {
    const there = marks.filter((mark) => mark.value.state !== "gone");
    const keys = new Set(there.map((mark) => mark.key));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.item.remove();
      this.rows.delete(key);
    }
    there.forEach((mark, index) => {
      const row = this.rowOf(mark.key);
      if (this.root.children[index] !== row.item) {
        this.root.insertBefore(row.item, this.root.children[index] ?? null);
      }
      this.fill(row, mark);
    });
    this.mark(selected);
  }

  private mark(selected: string | null): void {
    const row = selected === null ? undefined : this.rows.get(selected);
    if (row === this.current) return;
    this.current?.button.removeAttribute("aria-current");
    row?.button.setAttribute("aria-current", "true");
    row?.item.scrollIntoView({ block: "nearest" });
    this.current = row;
  }

  private fill({ item, sign, name, score }: Row, { value, score: value_ }: Mark): void {
    if (item.dataset["state"] !== value.state) item.dataset["state"] = value.state;
    setText(sign, signOf(value.state));
    sign.title = this.say(`state_${value.state}`);
    sign.setAttribute("aria-label", sign.title);
    setText(name, value.label);
    setText(score, value_ === null ? "" : value_.toFixed(2));
  }

  private rowOf(key: string): Row {
    const known = this.rows.get(key);
    if (known) return known;
    const sign = element("span", { class: "sign", role: "img" });
    const name = element("span", { class: "name" });
    const score = element("span", { class: "score" });
    const button = element("button", { type: "button", tabindex: "-1" }, sign, name, score);
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.chosen(key));
    const row = { item: element("li", {}, button), button, sign, name, score };
    this.rows.set(key, row);
    return row;
  }
}
