import { expect, test } from "vitest";

import { planted } from "../dev/memory";
import { countOpen, marksOf, nextOpen, nextRequest, stepped } from "../src/marks";

const none = new Map<string, number>();

test("finds come first in the server's order, then boxes drawn by hand", () => {
  const picture = planted({
    labels: [
      { number: 1, box: [5, 5, 9, 9], label: "scratch", find: null },
      { number: 2, box: [301, 201, 331, 241], label: "scratch", find: 12 },
      { number: 3, box: [7, 7, 9, 9], label: "error", find: 999 },
    ],
  });
  const marks = marksOf(picture);
  expect(marks.map((mark) => mark.key)).toEqual(["f11", "f12", "f13", "b1", "b3"]);
  expect(marks[1]?.value).toEqual({ state: "accepted", box: [301, 201, 331, 241], label: "scratch" });
  expect(marks[4]?.value.state).toBe("drawn");
});

test("an accepted find whose box was removed is to be judged again", () => {
  const [first, ...rest] = planted().finds;
  const picture = planted({ finds: first ? [{ ...first, answer: "accepted" }, ...rest] : [] });
  expect(marksOf(picture)[0]?.value.state).toBe("open");
});

test("nothing wished is nothing to send", () => {
  const picture = planted();
  const same = new Map(marksOf(picture).map((mark) => [mark.key, mark.value]));
  expect(nextRequest(picture, new Map(), null, none)).toBeNull();
  expect(nextRequest(picture, same, false, none)).toBeNull();
});

test("a box that is drawn and removed before it was sent is not sent", () => {
  const gone = { state: "gone", box: [1, 1, 5, 5], label: "error" } as const;
  expect(nextRequest(planted(), new Map([["n1", gone]]), null, none)).toBeNull();
});

test("a find that is no longer there is not judged", () => {
  const wish = { state: "accepted", box: [1, 1, 5, 5], label: "error" } as const;
  expect(nextRequest(planted(), new Map([["f77", wish]]), null, none)).toBeNull();
});

test("the next open find comes from the top again after the last", () => {
  const marks = marksOf(planted()).map((mark, index) => {
    return index === 1 ? { ...mark, value: { ...mark.value, state: "rejected" as const } } : mark;
  });
  expect(nextOpen(marks, null)).toBe("f11");
  expect(nextOpen(marks, "f11")).toBe("f13");
  expect(nextOpen(marks, "f13")).toBe("f11");
  expect(countOpen(marks)).toBe(2);
  expect(nextOpen([], "f11")).toBeNull();
});

test("steps go round and pass over what is gone", () => {
  const marks = marksOf(planted()).map((mark, index) => {
    return index === 1 ? { ...mark, value: { ...mark.value, state: "gone" as const } } : mark;
  });
  expect(stepped(marks, "f11", 1)).toBe("f13");
  expect(stepped(marks, "f13", 1)).toBe("f11");
  expect(stepped(marks, null, 1)).toBe("f11");
  expect(stepped(marks, null, -1)).toBe("f13");
  expect(stepped([], null, 1)).toBeNull();
});
