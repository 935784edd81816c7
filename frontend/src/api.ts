/** The server's API as the editor needs it. */

import type { Answers, Changes } from "./marks";
import type { Answer, Box, Find, Label, Picture } from "./picture";

/** Somebody else changed the picture since it was read. */
export class ChangedError extends Error {}

/** The server cannot be reached or has no time; the same request may be sent again. */
export class AwayError extends Error {}

/** The server does not take the request; the message is its one line. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Thumbnail {
  readonly id: number;
  readonly name: string;
  readonly numFinds: number;
  readonly reviewed: boolean;
}

export interface Tiles {
  readonly width: number;
  readonly height: number;
  readonly tileSize: number;
  readonly ready: boolean;
  readonly error: string;
}

export interface Api {
  read(id: number): Promise<Picture>;
  /** Sends a change for the picture as it was seen, and gives the picture after it. */
  send(seen: Picture, request: Answers | Changes): Promise<Picture>;
}

export class HttpApi implements Api {
  constructor(
    private readonly root: string,
    private readonly csrf: string,
  ) {}

  async read(id: number): Promise<Picture> {
    return asPicture(await this.ask(`pictures/${id}`));
  }

  async send(seen: Picture, request: Answers | Changes): Promise<Picture> {
    const told = await this.ask(
      `pictures/${seen.id}/${request.kind}`,
      asBody(seen.revision, request),
    );
    return after(seen, request, told as RawLabels);
  }

  /** Gives the class names of the model that looks. */
  async classes(): Promise<string[]> {
    const models = (await this.ask("models")) as { live: boolean; classes: string[] }[];
    return models.find((model) => model.live)?.classes ?? [];
  }

  async tiles(id: number): Promise<Tiles> {
    const told = (await this.ask(`pictures/${id}/tiles`)) as Record<string, unknown>;
    return {
      width: Number(told["width"]),
      height: Number(told["height"]),
      tileSize: Number(told["tile_size"]),
      ready: told["ready"] === true,
      error: String(told["error"] ?? ""),
    };
  }

  tileAt(id: number, level: number, x: number, y: number): string {
    return `${this.root}/pictures/${id}/tiles/${level}/${x}_${y}.jpg`;
  }

  imageOf(id: number): string {
    return `${this.root}/pictures/${id}/image`;
  }

  thumbnailOf(id: number): string {
    return `${this.root}/pictures/${id}/thumbnail`;
  }

  async list(start: number, count: number): Promise<{ rows: Thumbnail[]; total: number }> {
    const told = await this.ask(`pictures?order=need&start=${start}&count=${count}`);
    const { pictures, total } = told as { pictures: RawThumbnail[]; total: number };
    const rows = pictures.map(({ id, name, num_finds, reviewed }) => {
      return { id, name, numFinds: num_finds, reviewed };
    });
    return { rows, total };
  }

  private async ask(path: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["X-CSRF-Token"] = this.csrf;
    }
    const init: RequestInit = { method: body === undefined ? "GET" : "POST", headers };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.keepalive = true; // it goes on when the page is closed
    }
    const answer = await fetch(`${this.root}/${path}`, init).catch((error: unknown) => {
      throw new AwayError(String(error));
    });
    if (answer.ok) return answer.json();
    const detail = await answer.json().then(
      (told: { detail?: unknown }) => String(told.detail ?? answer.statusText),
      () => answer.statusText,
    );
    if (answer.status === 409) throw new ChangedError(detail);
    if (answer.status === 429 || answer.status >= 500) throw new AwayError(detail);
    throw new RefusedError(answer.status, detail);
  }
}

interface RawBox {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  label: string;
}
interface RawLabels {
  revision: number;
  reviewed: boolean;
  labels: (RawBox & { box: number; find_id: number | null })[];
}
interface RawDetail {
  picture: {
    id: number;
    name: string;
    width: number;
    height: number;
    state: string;
    error: string;
    reviewed: boolean;
    revision: number;
  };
  finds: (RawBox & { id: number; score: number; answer: Answer })[];
  labels: RawLabels["labels"];
  before: number | null;
  after: number | null;
  model: Picture["model"];
}
interface RawThumbnail {
  id: number;
  name: string;
  num_finds: number;
  reviewed: boolean;
}

const sidesOf = ({ x1, y1, x2, y2 }: RawBox): Box => [x1, y1, x2, y2];

export function asPicture(told: unknown): Picture {
  const { picture, finds, labels, before, after, model } = told as RawDetail;
  const { id, name, width, height, state, error, reviewed, revision } = picture;
  const shared = { id, name, width, height, state, error, reviewed, revision, before, after, model };
  return {
    ...shared,
    finds: finds.map((find): Find => {
      return { id: find.id, box: sidesOf(find), score: find.score, label: find.label, answer: find.answer };
    }),
    labels: labelsOf(labels),
  };
}

function labelsOf(labels: RawLabels["labels"]): Label[] {
  return labels.map((label): Label => {
    return { number: label.box, box: sidesOf(label), label: label.label, find: label.find_id };
  });
}

/** Gives the picture after a change, from what the server answered to it. */
function after(seen: Picture, request: Answers | Changes, told: RawLabels): Picture {
  const said = new Map(
    request.kind === "verdicts" ? request.answers.map(({ find, answer }) => [find, answer]) : [],
  );
  const finds = seen.finds.map((find) => ({ ...find, answer: said.get(find.id) ?? find.answer }));
  const { revision, reviewed, labels } = told;
  return { ...seen, revision, reviewed, finds, labels: labelsOf(labels) };
}

export function asBody(revision: number, request: Answers | Changes): unknown {
  if (request.kind === "verdicts") {
    return { revision, verdicts: request.answers, reviewed: request.reviewed };
  }
  const changes = request.changes.map(({ action, number, box, label }) => {
    if (action === "remove") return { action, box: number };
    const [x1, y1, x2, y2] = box;
    return { action, box: number, x1, y1, x2, y2, label };
  });
  return { revision, changes };
}
