"use strict";
// Keeps the training that runs fresh; when it ends the page shows what came of it.
const running = document.getElementById("running");

async function refresh() {
  let answer;
  try {
    answer = await fetch(running.dataset.url);
  } catch {
    return; // the server is away for a moment
  }
  if (!answer.ok) return;
  const text = await answer.text();
  if (text !== refresh.before) running.innerHTML = text;
  refresh.before = text;
  const state = running.querySelector("[data-state]").dataset.state;
  if (state !== "running" && state !== "stopping") location.reload();
}

setInterval(() => {
  if (!document.hidden) refresh();
}, 1500);
