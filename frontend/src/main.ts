/** Starts the editor in the element of the page that says what to show. */

import "@annotorious/openseadragon/annotorious-openseadragon.css";
import "./style.css";

import { HttpApi } from "./api";
import { Editor } from "./editor";
import { speaker } from "./strings";

const root = document.getElementById("editor");
if (root) {
  const { api = "/api/v1", page = "/review/{id}/edit", csrf = "", picture = "0", readOnly } = root.dataset;
  const editor = new Editor(root, {
    api: new HttpApi(api, csrf),
    say: speaker(document.documentElement.lang),
    pageOf: (id) => page.replace("{id}", String(id)),
    mayChange: readOnly === undefined,
  });
  void editor.start(Number(picture));
}
