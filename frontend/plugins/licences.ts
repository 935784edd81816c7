/** Puts the licences of what is bundled beside the editor, in `licences.txt`. */

import { readdirSync, readFileSync } from "node:fs";

import type { Plugin } from "vite";

/** Those that Annotorious' published module holds are not seen by the bundler. */
const BUNDLED = [
  "openseadragon", "pixi.js", "@pixi/core", "uuid", "nanoevents", "rbush", "quickselect",
  "simplify-js", "dequal", "eventemitter3", "earcut", "ismobilejs", "url",
] as const;

/** Published without the text: it is that of another with the same licence. */
const WITHOUT_TEXT = [
  ["@annotorious/openseadragon, @annotorious/annotorious, @annotorious/core", "BSD-3-Clause", "Copyright (c) 2020, Pelagios Network", "openseadragon"],
  ["svelte", "MIT", "Copyright (c) 2016-2025 the Svelte contributors", "nanoevents"],
  ["@pixi/colord", "MIT", "Copyright (c) 2020 Vlad Shilov", "nanoevents"],
] as const;

export function tellLicences(modules: string): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const texts = BUNDLED.map((name) => `${name}\n\n${licenceOf(modules, name)}`);
      const others = WITHOUT_TEXT.map(([name, kind, copyright, like]) => {
        return `${name}\n\n${kind}: ${copyright}\nThe terms are those that stand above for ${like}.\n`;
      });
      const source = [...texts, ...others].join(`\n${"-".repeat(72)}\n\n`);
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

function licenceOf(modules: string, name: string): string {
  const folder = `${modules}/${name}`;
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
  if (!file) throw new Error(`${name} comes without its licence`);
  return readFileSync(`${folder}/${file}`, "utf8").trimEnd() + "\n";
}
