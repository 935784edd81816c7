import { readFileSync, readdirSync } from "node:fs";

import { expect, test } from "vitest";

import { TOLD } from "../src/dialogs";
import { BINDINGS } from "../src/keys";
import { LANGUAGES, speaker } from "../src/strings";

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

test("both languages have the same words with the same values in them", () => {
  const { en, ko } = LANGUAGES;
  expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort());
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(holes(ko[key]), key).toEqual(holes(en[key]));
    expect(ko[key].trim(), key).not.toBe("");
    expect(ko[key], key).toMatch(/\p{Script=Hangul}/u);
  }
});

test("the page's language chooses, and what is no value stays as it is", () => {
  expect(speaker("ko-KR")("accept")).toBe("승인");
  expect(speaker("en")("accept")).toBe("Accept");
  expect(speaker("fr")("accept")).toBe("Accept");
  expect(speaker("en")("num_open", { n: 2, of: 5 })).toBe("2 of 5 finds to judge");
  expect(speaker("en")("refused", { n: 1, why: "{n} <b>" })).toBe("The server refused 1 changes: {n} <b>");
});

test("no word is without use", () => {
  const source = readdirSync("src").filter((name) => name.endsWith(".ts") && name !== "strings.ts");
  const text = source.map((name) => readFileSync(`src/${name}`, "utf8")).join("\n");
  const unused = Object.keys(LANGUAGES.en).filter((key) => {
    return !key.startsWith("state_") && !new RegExp(`["'\`]${key}["'\`]|\\b${key}:`).test(text);
  });
  expect(unused).toEqual([]);
});

test("the dialog tells every key, and so does the page in docs", () => {
  const page = readFileSync("../docs/editor.md", "utf8");
  for (const { keys, command } of BINDINGS) {
    if (!/^class[1-7]$/.test(command)) expect(TOLD.has(command), command).toBe(true);
    for (const key of keys) {
      if (/^[2-8]$/.test(key)) continue;
      const printed = key.replace("Mod", "Ctrl").replace("Delete", "Del").replace("Escape", "Esc");
      expect(page, key).toContain(`\`${printed.replace("ArrowLeft", "←").replace("ArrowRight", "→").replace("ArrowUp", "↑").replace("ArrowDown", "↓")}\``);
    }
  }
});
