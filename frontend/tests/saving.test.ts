import { describe, expect, test, vi } from "vitest";

import { MemoryServer, MemoryStorage, planted } from "../dev/memory";
import { marksOf, type Value } from "../src/marks";
import type { Box } from "../src/picture";
import { Saving, unsentPictures } from "../src/saving";

const valueOf = (saving: Saving, key: string): Value => {
  const mark = saving.marks().find((one) => one.key === key);
  if (!mark) throw new Error(`no mark ${key}`);
  return mark.value;
};
const drawn = (box: Box, label = "error"): Value => ({ state: "drawn", box, label });

async function opened(server = new MemoryServer(planted()), storage = new MemoryStorage()) {
  return { server, storage, saving: new Saving(await server.read(), server, storage, () => undefined) };
}

const accept = (saving: Saving, key: string) =>
  saving.wish([[key, { ...valueOf(saving, key), state: "accepted" }]]);

describe("what is sent", () => {
  test("an accepted find becomes a box, a rejected one none", async () => {
    const { server, saving } = await opened();
    accept(saving, "f11");
    await saving.settled();
    expect(server.picture.labels).toEqual([
      { number: 1, box: [100, 100, 120, 118], label: "error", find: 11 },
    ]);
    saving.wish([["f11", { ...valueOf(saving, "f11"), state: "rejected" }]]);
    await saving.settled();
    expect(server.picture.labels).toEqual([]);
    expect(server.picture.finds[0]?.answer).toBe("rejected");
    expect(server.picture.revision).toBe(2);
  });

  test("a find that is moved is accepted and then moved", async () => {
    const { server, saving } = await opened();
    saving.wish([["f12", { state: "accepted", box: [301, 202, 333, 244], label: "scratch" }]]);
    await saving.settled();
    expect(server.requests.map((request) => request.kind)).toEqual(["verdicts", "labels"]);
    expect(server.picture.labels[0]).toEqual({
      number: 1, box: [301, 202, 333, 244], label: "scratch", find: 12,
    });
    expect(saving.marks().find((mark) => mark.key === "f12")?.value.box).toEqual([301, 202, 333, 244]);
  });

  test("a box keeps its key while it is drawn, moved, removed and brought back", async () => {
    const { server, saving } = await opened();
    saving.wish([["n1", drawn([5, 6, 20, 30])]]);
    await saving.settled();
    saving.wish([["n1", drawn([7, 6, 22, 30])]]);
    await saving.settled();
    expect(server.picture.labels.map((label) => label.number)).toEqual([1]);
    expect(valueOf(saving, "n1").box).toEqual([7, 6, 22, 30]);
    saving.wish([["n1", { ...drawn([7, 6, 22, 30]), state: "gone" }]]);
    await saving.settled();
    expect(server.picture.labels).toEqual([]);
    saving.wish([["n1", drawn([7, 6, 22, 30])]]);
    await saving.settled();
    expect(server.picture.labels.map((label) => label.number)).toEqual([2]);
    expect(saving.marks().filter((mark) => mark.value.state === "drawn").map((mark) => mark.key)).toEqual(["n1"]);
  });

  test("two equal boxes stay two", async () => {
    const { server, saving } = await opened();
    saving.wish([["n1", drawn([5, 6, 20, 30])], ["n2", drawn([5, 6, 20, 30])]]);
    await saving.settled();
    saving.wish([["n2", drawn([50, 6, 70, 30])]]);
    await saving.settled();
    expect(server.picture.labels.map((label) => label.box[0])).toEqual([5, 50]);
  });

  test("many quick changes end as wished, one request at a time", async () => {
    const { server, saving } = await opened();
    for (const key of ["f11", "f12", "f13"]) accept(saving, key);
    saving.wish([["f12", { ...valueOf(saving, "f12"), state: "rejected" }]], true);
    await saving.settled();
    expect(server.picture.finds.map((find) => find.answer)).toEqual(["accepted", "rejected", "accepted"]);
    expect(server.picture.reviewed).toBe(true);
    expect(saving.status).toBe("saved");
    expect(saving.numUnsent).toBe(0);
  });
});

describe("what is never lost", () => {
  test("a change is in the storage before it is sent and gone when it is there", async () => {
    const { storage, saving } = await opened();
    accept(saving, "f11");
    expect(unsentPictures(storage as unknown as Storage)).toEqual([1]);
    await saving.settled();
    expect(unsentPictures(storage as unknown as Storage)).toEqual([]);
  });

  test("a browser that was closed sends when it is opened again", async () => {
    const { server, storage, saving } = await opened();
    server.fault = "away";
    accept(saving, "f11");
    saving.wish([["n1", drawn([5, 6, 20, 30])]]);
    await saving.settled();
    expect(saving.status).toBe("away");
    server.fault = "none";
    const { saving: again } = await opened(server, storage);
    expect(valueOf(again, "f11").state).toBe("accepted");
    again.send();
    await again.settled();
    expect(server.picture.labels.map((label) => label.find)).toEqual([11, null]);
  });

  test("it tries again by itself", async () => {
    vi.useFakeTimers();
    try {
      const { server, saving } = await opened();
      server.fault = "away";
      accept(saving, "f11");
      await saving.settled();
      server.fault = "none";
      await vi.advanceTimersByTimeAsync(1100);
      await saving.settled();
      expect(saving.status).toBe("saved");
      expect(server.picture.labels).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each(["verdict", "box"])("a %s whose answer was lost is not sent twice", async (what) => {
    const { server, saving } = await opened();
    server.fault = "lost";
    if (what === "box") saving.wish([["n1", drawn([5, 6, 20, 30])]]);
    else accept(saving, "f11");
    await saving.settled();
    saving.send();
    await saving.settled();
    expect(saving.status).toBe("saved");
    expect(server.picture.labels).toHaveLength(1);
    expect(server.requests).toHaveLength(1);
  });

  test("a box whose answer was lost with the browser is not made twice", async () => {
    const { server, storage, saving } = await opened();
    server.fault = "lost";
    saving.wish([["n1", drawn([5, 6, 20, 30])]]);
    await saving.settled();
    const { saving: again } = await opened(server, storage);
    again.send();
    await again.settled();
    expect(again.status).toBe("saved");
    expect(server.picture.labels).toHaveLength(1);
  });

  test("a storage with something strange in it is passed over", async () => {
    const storage = new MemoryStorage();
    storage.setItem("blemish.unsent.1", "{]");
    const { saving } = await opened(new MemoryServer(planted()), storage);
    expect(saving.marks()).toEqual(marksOf(planted()));
  });
});

describe("somebody else", () => {
  const other = { kind: "verdicts", answers: [{ find: 12, answer: "rejected" }], reviewed: null } as const;

  test("is told, and mine can be put on top", async () => {
    const { server, saving } = await opened();
    server.apply(other);
    accept(saving, "f11");
    await saving.settled();
    expect(saving.status).toBe("changed");
    expect(server.picture.labels).toEqual([]);
    saving.resolve("mine");
    await saving.settled();
    expect(server.picture.finds.map((find) => find.answer)).toEqual(["accepted", "rejected", "open"]);
    expect(saving.status).toBe("saved");
  });

  test("is told, and theirs can be taken", async () => {
    const { server, storage, saving } = await opened();
    server.apply(other);
    accept(saving, "f11");
    await saving.settled();
    saving.resolve("theirs");
    await saving.settled();
    expect(saving.marks().map((mark) => mark.value.state)).toEqual(["open", "rejected", "open"]);
    expect(unsentPictures(storage as unknown as Storage)).toEqual([]);
  });

  test("who said the same one step earlier is no quarrel", async () => {
    const { server, saving } = await opened();
    server.apply({ kind: "verdicts", answers: [{ find: 11, answer: "accepted" }], reviewed: null });
    accept(saving, "f11");
    await saving.settled();
    expect(saving.status).toBe("saved");
    expect(server.picture.labels).toHaveLength(1);
  });

  test("removed the box that I moved: mine makes it again", async () => {
    const label = { number: 4, box: [1, 2, 30, 40], label: "error", find: null } as const;
    const { server, saving } = await opened(new MemoryServer(planted({ labels: [label] })));
    server.apply({ kind: "labels", changes: [{ key: "", action: "remove", ...label }] });
    saving.wish([["b4", drawn([2, 2, 31, 40])]]);
    await saving.settled();
    saving.resolve("mine");
    await saving.settled();
    expect(server.picture.labels.map((one) => one.box)).toEqual([[2, 2, 31, 40]]);
    expect(valueOf(saving, "b4").state).toBe("drawn");
  });

  test("changed the picture while this browser was closed", async () => {
    const { server, storage, saving } = await opened();
    server.fault = "away";
    accept(saving, "f11");
    await saving.settled();
    server.fault = "none";
    server.apply(other);
    const { saving: again } = await opened(server, storage);
    expect(again.status).toBe("changed");
    again.resolve("mine");
    await again.settled();
    expect(server.picture.finds.map((find) => find.answer)).toEqual(["accepted", "rejected", "open"]);
  });
});

test("a refusal keeps the change and tells the server's words", async () => {
  const { server, storage, saving } = await opened();
  server.fault = "refused";
  accept(saving, "f11");
  await saving.settled();
  expect([saving.status, saving.reason]).toEqual(["refused", "this needs the role reviewer"]);
  expect(unsentPictures(storage as unknown as Storage)).toEqual([1]);
});
