import { expect, test } from "vitest";

import { BINDINGS, commandOf, keysOf, type Pressed } from "../src/keys";

const press = (key: string, more: Partial<Pressed> = {}): Pressed => {
  const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key === " " ? "Space" : key;
  return { key, code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, repeat: false, ...more };
};

test("labelImg's own keys do what they do there", () => {
  expect(commandOf(press("w"))).toBe("draw");
  expect(commandOf(press("a"))).toBe("previousPicture");
  expect(commandOf(press("d"))).toBe("nextPicture");
  expect(commandOf(press("s", { ctrlKey: true }))).toBe("save");
  expect(commandOf(press("d", { ctrlKey: true }))).toBe("duplicate");
  expect(commandOf(press("Delete"))).toBe("remove");
});

test.each([
  [press(" "), "accept"],
  [press("Enter"), "accept"],
  [press("r"), "reject"],
  [press("x"), "reject"],
  [press("ArrowRight"), "next"],
  [press("ArrowUp"), "previous"],
  [press("ArrowUp", { shiftKey: true }), "up"],
  [press("ArrowLeft", { ctrlKey: true }), "narrower"],
  [press("z", { ctrlKey: true }), "undo"],
  [press("z", { metaKey: true, shiftKey: true }), "redo"],
  [press("?", { code: "Slash", shiftKey: true }), "help"],
  [press("+", { code: "Equal", shiftKey: true }), "zoomIn"],
  [press("3", { code: "Digit3" }), "class2"],
  [press("3", { code: "Numpad3" }), "class2"],
  [press("0", { code: "Digit0" }), "fit"],
])("%o is %s", (pressed, command) => {
  expect(commandOf(pressed)).toBe(command);
});

test("letters go by their place: a Korean layout and capitals do the same", () => {
  expect(commandOf(press("ㅈ", { code: "KeyW" }))).toBe("draw");
  expect(commandOf(press("Process", { code: "KeyR" }))).toBe("reject");
  expect(commandOf(press("W", { shiftKey: true }))).toBe("draw");
});

test("what the browser needs is left to it", () => {
  for (const pressed of [
    press("r", { ctrlKey: true }), press("w", { ctrlKey: true }), press("a", { altKey: true }),
    press("ArrowLeft", { altKey: true }), press("Tab"), press("F5"), press("c", { ctrlKey: true }),
  ]) {
    expect(commandOf(pressed)).toBeNull();
  }
});

test("a held key repeats steps and never verdicts", () => {
  expect(commandOf(press("ArrowRight", { repeat: true }))).toBe("next");
  for (const key of [" ", "r", "Delete", "d", "f"]) {
    expect(commandOf(press(key, { repeat: true }))).toBeNull();
  }
});

test("no key has two meanings", () => {
  const keys = BINDINGS.flatMap((binding) => binding.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("keys are named as they are printed", () => {
  expect(keysOf("redo")).toEqual(["Ctrl+Y", "Ctrl+Shift+Z"]);
  expect(keysOf("zoomIn")).toEqual(["+", "="]);
  expect(keysOf("left")).toEqual(["Shift+←"]);
});
