/** The dialogs: what the keys are, and what to do when somebody else changed the picture. */

import { button, element } from "./dom";
import { keysOf, type Command } from "./keys";
import type { Say, StringKey } from "./strings";

type Line = readonly [StringKey, readonly Command[]];

const one = (command: Command & StringKey): Line => [command, [command]];
const GROUPS: readonly (readonly [StringKey, readonly Line[]])[] = [
  [
    "keys_review",
    [
      one("accept"), one("reject"), one("reopen"), one("next"), one("previous"), one("done"),
      one("nextPicture"), one("previousPicture"),
    ],
  ],
  [
    "keys_boxes",
    [
      one("draw"), one("place"), one("remove"), one("duplicate"), ["classes", ["class0", "class8"]],
      ["nudge", ["left", "right", "up", "down"]], ["size", ["narrower", "wider", "lower", "higher"]],
    ],
  ],
  ["keys_view", [one("zoomIn"), one("zoomOut"), one("fit"), one("zoomFind"), one("boost"), one("hide")]],
  ["keys_other", [one("undo"), one("redo"), one("save"), one("cancel"), one("help")]],
];

/** The commands that the dialog of keys tells. */
export const TOLD: ReadonlySet<Command> = new Set(GROUPS.flatMap(([, lines]) => lines.flatMap(([, commands]) => commands)));

export function keysDialog(say: Say): HTMLDialogElement {
  const groups = GROUPS.map(([heading, lines]) => {
    const rows = lines.flatMap(([key, commands]) => {
      const range = key === "classes" ? "–" : " ";
      const keys = commands.flatMap((command, index) => {
        const shown = keysOf(command).map((name) => element("kbd", {}, name));
        return index > 0 ? [range, ...join(shown)] : join(shown);
      });
      return [element("dt", {}, ...keys), element("dd", {}, say(key))];
    });
    return element("section", {}, element("h3", {}, say(heading)), element("dl", {}, ...rows));
  });
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "keys", "aria-label": say("keys_heading") },
    element("h2", {}, say("keys_heading")),
    element("div", { class: "groups" }, ...groups),
    element("p", {}, say("help_text")),
    button({ class: "command", autofocus: "" }, () => dialog.close(), say("close")),
  );
  return dialog;
}

function join(parts: readonly HTMLElement[]): (HTMLElement | string)[] {
  return parts.flatMap((part, index) => (index > 0 ? [" ", part] : [part]));
}

/** Asks whose changes are to stay; there is no way past an answer but to leave the page. */
export function askWhose(say: Say, numUnsent: number): Promise<"mine" | "theirs"> {
  return new Promise((resolve) => {
    const answer = (keep: "mine" | "theirs") => (): void => {
      dialog.remove();
      resolve(keep);
    };
    const dialog = element(
      "dialog",
      { class: "changed", "aria-labelledby": "changed-title" },
      element("h2", { id: "changed-title" }, say("changed_title")),
      element("p", {}, say("changed_text", { n: numUnsent })),
      element(
        "div",
        { class: "pair" },
        button({ class: "command keep-mine" }, answer("mine"), say("keep_mine")),
        button({ class: "command take-theirs" }, answer("theirs"), say("take_theirs")),
      ),
    );
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}
