/** Where the pixels of a picture come from: one image, or tiles if it is large. */

import type { HttpApi, Tiles } from "./api";
import type { Source } from "./canvas";
import type { Picture } from "./picture";

export const ONE_IMAGE = 4096; // longest side that the server gives unreduced as one image

/** Gives the source, waiting for the tiles of a large picture to be cut; `told` hears of the wait. */
export async function sourceOf(picture: Picture, api: HttpApi, told: () => void): Promise<Source> {
  if (Math.max(picture.width, picture.height) <= ONE_IMAGE) {
    return { type: "image", url: api.imageOf(picture.id) };
  }
  let tiles = await api.tiles(picture.id);
  while (!tiles.ready) {
    if (tiles.error) throw new Error(tiles.error);
    told();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    tiles = await api.tiles(picture.id);
  }
  return tiled(picture.id, tiles, api);
}

function tiled(id: number, { width, height, tileSize }: Tiles, api: HttpApi): Source {
  return {
    width,
    height,
    tileSize,
    tileOverlap: 0,
    minLevel: Math.ceil(Math.log2(tileSize)),
    maxLevel: Math.ceil(Math.log2(Math.max(width, height))),
    getTileUrl: (level: number, x: number, y: number) => api.tileAt(id, level, x, y),
  };
}
