/**
 * Takes out of the libraries what a Content-Security-Policy without `unsafe-inline` and
 * `unsafe-eval` forbids.
 *
 * Annotorious: its WebGL stage, which makes code from strings, gives way to `src/stage.ts`; its
 * `style` attributes are set through the object model. OpenSeadragon: it adds no style element.
 * The build fails when a new version of a library does not have these places as they are known.
 */

import type { Plugin } from "vite";

const STAGE =
  /([\w$]+) = (\(([\w$]+), ([\w$]+)\) => \{\s*const [\w$]+ = new [\w$]+\(\), [\w$]+ = [\w$]+\(\{\s*width: \4\.width,\s*height: \4\.height,\s*backgroundAlpha: 0)/g;
const ATTRIBUTE =
  /([\w$]+) == null \? ([\w$]+)\.removeAttribute\(([\w$]+)\) : \2\.getAttribute\(\3\) !== \1 && \2\.setAttribute\(\3, \1\)/g;
const STYLE = /if \(!document\.querySelector\('style\[data-openseadragon-mobile-css\]'\)\)/g;

export function keepPolicy(stage: string): Plugin {
  return {
    name: "content-security-policy",
    enforce: "pre",
    transform(code, id) {
      const file = id.split("?")[0] ?? "";
      if (file.endsWith("/openseadragon.js")) return replace(code, STYLE, "if (false)", 1);
      if (!file.endsWith("/annotorious-openseadragon.es.js")) return null;
      const swapped = replace(code, STAGE, "$1 = __createStage, $1_webgl = $2", 1);
      const styled = '$3 === "style" ? ($2.style.cssText = $1 ?? "") : $&';
      const whole = replace(swapped, ATTRIBUTE, styled, 2);
      return `import { createStage as __createStage } from ${JSON.stringify(stage)};\n${whole}`;
    },
  };
}

function replace(code: string, pattern: RegExp, by: string, times: number): string {
  const found = code.match(pattern)?.length ?? 0;
  if (found !== times) {
    throw new Error(`a library has changed: ${found} places, not ${times}, look like ${pattern.source.slice(0, 60)}`);
  }
  return code.replace(pattern, by);
}
