"use strict";
// Review by keyboard: A/D other pictures, arrows other finds, F accept, X reject, S reviewed, Z zoom.
const review = document.getElementById("review");
const stage = document.getElementById("stage");
const said = document.getElementById("said");
const items = [...document.querySelectorAll(".finds li")];
const size = { width: Number(review.dataset.width), height: Number(review.dataset.height) };
const words = JSON.parse(review.dataset.words);
let revision = Number(review.dataset.revision);
let picked = -1;
let sending = Promise.resolve(true);

function say(text) {
  said.textContent = text;
  said.hidden = text === "";
}

function frameOf(item) {
  return stage?.querySelector(`rect[data-find="${item.dataset.find}"]`);
}

function pick(number) {
  if (items.length === 0) return;
  picked = (number + items.length) % items.length;
  items.forEach((item, index) => {
    item.classList.toggle("picked", index === picked);
    frameOf(item)?.classList.toggle("picked", index === picked);
  });
  items[picked].scrollIntoView({ block: "nearest" });
  if (zoomed()) zoomTo(frameOf(items[picked]));
}

// What was said goes to the server in order, on the revision that the change before led to; what
// gathers while a change is on its way goes together.
let gathered = { verdicts: [] };

function send(body) {
  gathered = { ...gathered, ...body, verdicts: [...gathered.verdicts, ...(body.verdicts ?? [])] };
  sending = sending.then((fine) => fine && flush());
  return sending;
}

async function flush() {
  if (gathered.verdicts.length === 0 && !("reviewed" in gathered)) return true;
  const body = JSON.stringify({ revision, ...gathered });
  gathered = { verdicts: [] };
  const answer = await fetch(`/api/v1/pictures/${review.dataset.picture}/verdicts`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf },
    body,
  }).catch((error) => error);
  if (answer instanceof Error) {
    say(words["It could not be kept: "] + answer.message);
    return false;
  }
  const result = await answer.json();
  if (answer.ok) {
    revision = result.revision;
    return true;
  }
  if (answer.status === 409) {
    say(review.dataset.conflict);
    setTimeout(() => location.reload(), 1500);
  } else {
    say(words["It could not be kept: "] + result.detail);
  }
  return false;
}

function judge(number, answer) {
  if (!review.dataset.may || number < 0 || number >= items.length) return;
  const item = items[number];
  for (const one of [item, frameOf(item)]) {
    one?.classList.remove("open", "accepted", "rejected");
    one?.classList.add(answer);
  }
  item.querySelector(".answer").textContent = words[answer];
  send({ verdicts: [{ find: Number(item.dataset.find), answer }] });
  const next = items.findIndex((one, index) => index > number && one.classList.contains("open"));
  pick(next >= 0 ? next : number);
}

function follow(id) {
  const link = document.getElementById(id);
  // What was said is kept before the page is left.
  if (link !== null) sending.then((fine) => { if (fine) location.assign(link.href); });
  return link !== null;
}

function done() {
  if (!review.dataset.may) return;
  const open = items.findIndex((item) => item.classList.contains("open"));
  if (open >= 0) {
    pick(open);
    say(words["Finds are not judged yet: accept or reject each first."]);
    return;
  }
  send({ reviewed: true }).then((fine) => {
    if (fine && !follow("after")) location.assign("/review");
  });
}

let view = { x: 0, y: 0, ...size };

function setView(next) {
  view = next;
  stage.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
}

function zoomed() {
  return stage !== null && view.width < size.width * 0.99;
}

function zoomTo(frame) {
  if (!frame) return;
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(frame.getAttribute(name)));
  const side = Math.max(width, height, 24) * 5;
  setView({ x: x + width / 2 - side / 2, y: y + height / 2 - side / 2, width: side, height: side });
}

function toggleZoom() {
  if (stage === null) return;
  if (zoomed()) setView({ x: 0, y: 0, ...size });
  else zoomTo(frameOf(items[Math.max(picked, 0)] ?? document.createElement("li")));
}

function placeOf(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(stage.getScreenCTM().inverse());
  return [point.x, point.y];
}

if (stage !== null) {
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = placeOf(event);
    const factor = Math.min(Math.max(Math.exp(event.deltaY / 400), 8 / view.width), size.width / view.width);
    setView({
      x: x - (x - view.x) * factor, y: y - (y - view.y) * factor,
      width: view.width * factor, height: view.height * factor,
    });
  }, { passive: false });
  let from = null;
  stage.addEventListener("pointerdown", (event) => {
    from = placeOf(event);
    const frame = event.target.closest("rect[data-find]");
    if (frame) pick(items.findIndex((item) => item.dataset.find === frame.dataset.find));
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const [x, y] = placeOf(event);
    setView({ ...view, x: view.x + from[0] - x, y: view.y + from[1] - y });
  });
  stage.addEventListener("pointerup", () => { from = null; });
}

items.forEach((item, number) => {
  item.querySelector(".pick").addEventListener("click", () => pick(number));
});

document.getElementById("verdicts").addEventListener("submit", (event) => {
  event.preventDefault();
  const [answer, find] = event.submitter.value.split(":");
  if (answer === "reviewed") done();
  else judge(items.findIndex((item) => item.dataset.find === find), answer);
});

const KEYS = {
  a: () => follow("before"),
  d: () => follow("after"),
  f: () => judge(picked, "accepted"),
  x: () => judge(picked, "rejected"),
  delete: () => judge(picked, "rejected"),
  u: () => judge(picked, "open"),
  s: done,
  z: toggleZoom,
  arrowdown: () => pick(picked + 1),
  arrowup: () => pick(picked - 1),
};

document.addEventListener("keydown", (event) => {
  const action = KEYS[event.key.toLowerCase()];
  const saves = event.ctrlKey && event.key.toLowerCase() === "s";
  if (!action || event.altKey || event.metaKey || (event.ctrlKey && !saves)) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  action();
});

const first = items.findIndex((item) => item.classList.contains("open"));
if (items.length > 0) pick(Math.max(first, 0));
const after = document.getElementById("after");
if (after !== null) {
  // The next picture is in the browser's cache before it is asked for.
  new Image().src = `/api/v1/pictures/${after.href.split("/").pop()}/image`;
}
