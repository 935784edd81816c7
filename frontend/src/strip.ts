/** The strip of thumbnails: pictures around the one that is shown, those that need a person most first. */

import type { HttpApi, Thumbnail } from "./api";
import { element } from "./dom";
import type { Say } from "./strings";

const COUNT = 60;

export class Strip {
  readonly root: HTMLElement;
  private rows = new Map<number, HTMLAnchorElement>();

  constructor(
    private readonly api: HttpApi,
    private readonly say: Say,
    private readonly pageOf: (id: number) => string,
    private readonly chosen: (id: number) => void,
  ) {
    this.root = element("nav", { class: "strip", "aria-label": say("thumbnails") });
  }

  /** Reads the list around a picture. */
  async load(around: number): Promise<void> {
    let start = 0;
    for (;;) {
      const { rows, total } = await this.api.list(start, COUNT);
      if (rows.some((row) => row.id === around) || start + COUNT >= total || rows.length === 0) {
        this.fill(rows);
        this.mark(around);
        return;
      }
      start += COUNT;
    }
  }

  /** Shows which picture is shown; tells whether it is among them. */
  mark(id: number): boolean {
    for (const [one, link] of this.rows) {
      if (one === id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const link = this.rows.get(id);
    if (link) {
      const { offsetLeft, offsetWidth } = link;
      this.root.scrollLeft = offsetLeft - (this.root.clientWidth - offsetWidth) / 2;
    }
    return link !== undefined;
  }

  setReviewed(id: number, reviewed: boolean): void {
    this.rows.get(id)?.classList.toggle("reviewed", reviewed);
  }

  private fill(rows: readonly Thumbnail[]): void {
    this.rows = new Map(rows.map((row) => [row.id, this.linkOf(row)]));
    this.root.replaceChildren(...this.rows.values());
  }

  private linkOf({ id, name, numFinds, reviewed }: Thumbnail): HTMLAnchorElement {
    const finds = this.say("num_finds", { n: numFinds });
    const words = `${name}, ${finds}`;
    const image = element("img", { src: this.api.thumbnailOf(id), alt: words, loading: "lazy" });
    const link = element(
      "a",
      { href: this.pageOf(id), title: words, tabindex: "-1" },
      image,
      element("span", { class: "count", "aria-hidden": "true" }, String(numFinds)),
      element("span", { class: "check", role: "img", "aria-label": this.say("reviewed") }, "✓"),
    );
    link.classList.toggle("reviewed", reviewed);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.chosen(id);
    });
    return link;
  }
}
