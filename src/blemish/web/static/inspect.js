"use strict";
// Sends dropped or chosen pictures one after the other and keeps the latest ones fresh.
const drop = document.getElementById("drop");
const latest = document.getElementById("latest");
const csrf = document.body.dataset.csrf;

async function refresh() {
  const answer = await fetch("/inspect/latest");
  if (answer.ok) {
    const text = await answer.text();
    if (text !== refresh.before) latest.innerHTML = text;
    refresh.before = text;
  }
}

function waiting() {
  const queue = document.getElementById("queue");
  return queue !== null && Number(queue.dataset.waiting) > 0;
}

function refuse(words) {
  const line = document.createElement("li");
  line.textContent = words;
  document.getElementById("refused").append(line);
}

async function sendOne(file) {
  for (;;) {
    const form = new FormData();
    form.append("file", file, file.name);
    let answer;
    try {
      answer = await fetch("/api/v1/pictures", {
        method: "POST", body: form, headers: { "X-CSRF-Token": csrf },
      });
    } catch (error) {
      refuse(`${file.name}: ${error.message}`);
      return;
    }
    if (answer.ok) return;
    const problem = await answer.json();
    if (answer.status !== 429) {
      refuse(problem.detail);
      return;
    }
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function sendAll(files) {
  const bar = document.getElementById("sent");
  document.getElementById("refused").replaceChildren();
  document.getElementById("sending").hidden = false;
  bar.max = files.length;
  let done = 0;
  for (const file of files) {
    await sendOne(file);
    done += 1;
    bar.value = done;
    document.getElementById("count").textContent = `${done} / ${files.length}`;
    await refresh();
  }
  drop.reset();
}

if (drop !== null) {
  document.getElementById("file").multiple = true; // a form without scripts takes one
  drop.addEventListener("submit", (event) => {
    event.preventDefault();
    const files = [...document.getElementById("file").files];
    if (files.length > 0) sendAll(files);
  });
  document.getElementById("file").addEventListener("change", (event) => {
    const files = [...event.target.files];
    if (files.length > 0) sendAll(files);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") {
        const files = [...event.dataTransfer.files];
        if (files.length > 0) sendAll(files);
      }
    });
  }
}

let ticks = 0;
setInterval(() => {
  ticks += 1;
  // Quick while the queue is worked off; else slowly, for a watched folder.
  if (!document.hidden && (waiting() || ticks % 5 === 0)) refresh();
}, 1000);
