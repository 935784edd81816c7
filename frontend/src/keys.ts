/** Which key does what. */

export type Command =
  | "accept" | "reject" | "reopen" | "draw" | "place" | "remove" | "duplicate" | "undo" | "redo"
  | "save" | "next" | "previous" | "nextPicture" | "previousPicture" | "done"
  | "left" | "right" | "up" | "down" | "narrower" | "wider" | "lower" | "higher"
  | "zoomIn" | "zoomOut" | "fit" | "zoomFind" | "boost" | "hide" | "help" | "cancel"
  | `class${number}`;

/** A key as it is shown; `Mod` is Ctrl, or Command on a Mac. */
export interface Binding {
  readonly keys: readonly string[];
  readonly command: Command;
}

export const BINDINGS: readonly Binding[] = [
  { keys: ["Space", "Enter"], command: "accept" },
  { keys: ["R", "X"], command: "reject" },
  { keys: ["O"], command: "reopen" },
  { keys: ["ArrowRight", "ArrowDown"], command: "next" },
  { keys: ["ArrowLeft", "ArrowUp"], command: "previous" },
  { keys: ["D"], command: "nextPicture" },
  { keys: ["A"], command: "previousPicture" },
  { keys: ["F"], command: "done" },
  { keys: ["W"], command: "draw" },
  { keys: ["N"], command: "place" },
  { keys: ["Delete", "Backspace"], command: "remove" },
  { keys: ["Mod+D"], command: "duplicate" },
  { keys: ["Mod+Z"], command: "undo" },
  { keys: ["Mod+Y", "Mod+Shift+Z"], command: "redo" },
  { keys: ["Mod+S"], command: "save" },
  { keys: ["Shift+ArrowLeft"], command: "left" },
  { keys: ["Shift+ArrowRight"], command: "right" },
  { keys: ["Shift+ArrowUp"], command: "up" },
  { keys: ["Shift+ArrowDown"], command: "down" },
  { keys: ["Mod+ArrowLeft"], command: "narrower" },
  { keys: ["Mod+ArrowRight"], command: "wider" },
  { keys: ["Mod+ArrowUp"], command: "lower" },
  { keys: ["Mod+ArrowDown"], command: "higher" },
  ...Array.from({ length: 9 }, (_, index): Binding => {
    return { keys: [`${index + 1}`], command: `class${index}` };
  }),
  { keys: ["+", "="], command: "zoomIn" },
  { keys: ["-"], command: "zoomOut" },
  { keys: ["0", "Home"], command: "fit" },
  { keys: ["Z"], command: "zoomFind" },
  { keys: ["C"], command: "boost" },
  { keys: ["H"], command: "hide" },
  { keys: ["?"], command: "help" },
  { keys: ["Escape"], command: "cancel" },
];

/** Commands that a held key may repeat; a verdict must be pressed each time. */
const REPEATS = new Set<Command>([
  "next", "previous", "left", "right", "up", "down", "narrower", "wider", "lower", "higher",
  "zoomIn", "zoomOut", "undo", "redo",
]);

const TABLE = new Map(BINDINGS.flatMap(({ keys, command }) => keys.map((key) => [key, command])));

export interface Pressed {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
}

/** Gives the command of a key press, or null. Letters go by their place, whatever the layout types. */
export function commandOf(pressed: Pressed): Command | null {
  if (pressed.altKey) return null;
  const command = TABLE.get(named(pressed)) ?? null;
  return command !== null && pressed.repeat && !REPEATS.has(command) ? null : command;
}

function named({ key, code, ctrlKey, metaKey, shiftKey }: Pressed): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]; // with a Korean layout `key` is ㅈ or Process
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  const mod = ctrlKey || metaKey ? "Mod+" : "";
  if (letter) return `${mod}${shiftKey && mod ? "Shift+" : ""}${letter}`;
  if (digit && !shiftKey) return mod + digit;
  if (key === " ") return `${mod}Space`;
  const shifts = shiftKey && key.length > 1 ? "Shift+" : ""; // ? and + already hold it
  return mod + shifts + key;
}

/** Gives the keys of a command as they are printed on a keyboard. */
export function keysOf(command: Command): string[] {
  const mod = /Mac|iP(?:ad|hone)/.test(globalThis.navigator?.userAgent ?? "") ? "⌘" : "Ctrl";
  const found = BINDINGS.filter((binding) => binding.command === command);
  return found.flatMap(({ keys }) => keys.map((key) => printed(key, mod)));
}

const CAPS: Readonly<Record<string, string>> = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc",
};

function printed(key: string, mod: string): string {
  const parts = key === "+" ? ["+"] : key.split("+");
  return parts.map((part) => CAPS[part] ?? (part === "Mod" ? mod : part)).join("+");
}
