import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

import { tellLicences } from "./plugins/licences.ts";
import { keepPolicy } from "./plugins/policy.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "./",
  plugins: [keepPolicy(here("./src/stage.ts")), tellLicences(here("./node_modules"))],
  build: {
    outDir: here("../src/blemish/web/static/editor"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: here("./src/main.ts"),
      output: { entryFileNames: "editor.js", assetFileNames: "editor[extname]" },
    },
  },
});
