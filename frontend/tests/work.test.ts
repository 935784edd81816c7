import { describe, expect, test } from "vitest";

import { MemoryServer, MemoryStorage, planted } from "../dev/memory";
import { Saving } from "../src/saving";
import { Work } from "../src/work";

async function begun(server = new MemoryServer(planted())) {
  const saving = new Saving(await server.read(), server, new MemoryStorage(), () => undefined);
  return { server, saving, work: new Work(saving, ["error", "scratch"]) };
}

const answers = (server: MemoryServer) => server.picture.finds.map((find) => find.answer);

describe("verdicts by keyboard", () => {
  test("the first open find is selected, and each verdict goes on to the next", async () => {
    const { server, saving, work } = await begun();
    expect(work.selected?.key).toBe("f11");
    work.run("accept");
    expect(work.selected?.key).toBe("f12");
    work.run("reject");
    work.run("accept");
    expect(work.selected).toBeNull();
    expect(work.isJudged).toBe(true);
    await saving.settled();
    expect(answers(server)).toEqual(["accepted", "rejected", "accepted"]);
  });

  test("accepting something that is accepted goes to what is open, not to the end", async () => {
    const { work } = await begun();
    work.run("accept");
    work.select("f11");
    expect(work.isJudged).toBe(false);
    work.run("accept");
    expect(work.selected?.key).toBe("f12");
  });

  test("a rejected find can be accepted after all, and opened again", async () => {
    const { server, saving, work } = await begun();
    work.run("reject");
    work.select("f11");
    work.run("accept");
    work.select("f11");
    await saving.settled();
    expect(server.picture.labels.map((label) => label.find)).toEqual([11]);
    work.run("reopen");
    await saving.settled();
    expect(answers(server)).toEqual(["open", "open", "open"]);
    expect(server.picture.labels).toEqual([]);
  });

  test("deleting a find rejects it; deleting a drawn box removes it", async () => {
    const { server, saving, work } = await begun();
    work.run("remove");
    work.add([1, 1, 9, 9]);
    await saving.settled();
    expect(server.picture.labels).toHaveLength(1);
    work.run("remove");
    await saving.settled();
    expect(answers(server)).toEqual(["rejected", "open", "open"]);
    expect(server.picture.labels).toEqual([]);
  });

  test("labels are complete only when each find is judged; until then the first open one is selected", async () => {
    const { server, saving, work } = await begun();
    work.run("accept");
    work.select("f13");
    expect(work.finish()).toBe(2);
    expect(work.selected?.key).toBe("f12");
    work.run("reject");
    work.run("reject");
    expect(work.finish()).toBe(0);
    await saving.settled();
    expect(server.picture.reviewed).toBe(true);
  });

  test("a picture without finds is judged from the start", async () => {
    const { work } = await begun(new MemoryServer(planted({ finds: [] })));
    expect(work.isJudged).toBe(true);
    work.run("next");
    expect(work.selected).toBeNull();
  });
});

describe("boxes by keyboard", () => {
  test("moving or naming an open find accepts it as it then is", async () => {
    const { server, saving, work } = await begun();
    work.run("right");
    work.run("down");
    work.run("wider");
    work.run("class1");
    await saving.settled();
    expect(server.picture.labels).toEqual([
      { number: 1, box: [101, 101, 122, 119], label: "scratch", find: 11 },
    ]);
    expect(work.selected?.key).toBe("f11");
  });

  test("a duplicate lies beside the first, with its class", async () => {
    const { server, saving, work } = await begun();
    work.run("duplicate");
    await saving.settled();
    expect(server.picture.labels.map(({ box, label }) => [box, label])).toEqual([
      [[108, 108, 128, 126], "error"],
    ]);
  });

  test("a class that is not there changes nothing", async () => {
    const { saving, work } = await begun();
    work.run("class8");
    expect(saving.numUnsent).toBe(0);
    expect(work.canUndo).toBe(false);
  });
});

describe("undo", () => {
  test("takes back verdicts, boxes and classes on the server too, and redo brings them again", async () => {
    const { server, saving, work } = await begun();
    const states: unknown[] = [];
    const note = async () => {
      await saving.settled();
      states.push(saving.marks().filter((mark) => mark.value.state !== "gone").map((mark) => mark.value));
    };
    await note();
    for (const act of ["accept", "reject", "right", "class1"] as const) {
      work.run(act);
      await note();
    }
    work.add([5, 5, 40, 40]);
    await note();
    work.run("remove");
    await note();
    const there = () => saving.marks().filter((mark) => mark.value.state !== "gone").map((mark) => mark.value);
    for (const state of states.slice(0, -1).reverse()) {
      work.run("undo");
      await saving.settled();
      expect(there()).toEqual(state);
    }
    expect(work.canUndo).toBe(false);
    expect(answers(server)).toEqual(["open", "open", "open"]);
    for (const state of states.slice(1)) {
      work.run("redo");
      await saving.settled();
      expect(there()).toEqual(state);
    }
    expect(work.canRedo).toBe(false);
  });

  test("selects what it brought back", async () => {
    const { work } = await begun();
    work.run("accept");
    work.run("undo");
    expect(work.selected?.key).toBe("f11");
    expect(work.selected?.value.state).toBe("open");
  });
});
