/** Reads pictures, the next one ahead, and keeps what is not yet saved of those that were left. */

import type { HttpApi } from "./api";
import type { Picture } from "./picture";
import { Saving, unsentPictures } from "./saving";
import { ONE_IMAGE } from "./source";

export class Pictures {
  private readonly savings = new Map<number, Saving>();
  private readonly coming = new Map<number, Promise<Picture>>();

  constructor(
    private readonly api: HttpApi,
    private readonly told: (saving: Saving) => void,
  ) {
    globalThis.addEventListener("online", () => this.savings.forEach((saving) => saving.send()));
  }

  /** Gives a picture with what a person changed and is not saved yet. */
  async open(id: number): Promise<Saving> {
    const known = this.savings.get(id);
    if (known && known.numUnsent > 0) return known;
    const reading = this.coming.get(id) ?? this.api.read(id);
    this.coming.delete(id);
    const picture = await reading;
    const made: Saving = new Saving(picture, this.api, localStorage, () => this.told(made));
    this.savings.set(id, made);
    return made;
  }

  /** Reads the picture that comes next, and its pixels. */
  readAhead(id: number | null): void {
    this.coming.clear();
    if (id === null) return;
    const reading = this.api.read(id);
    this.coming.set(id, reading);
    reading.then(
      ({ width, height }) => {
        const isOne = width > 0 && Math.max(width, height) <= ONE_IMAGE;
        if (isOne) new Image().src = this.api.imageOf(id);
      },
      () => this.coming.delete(id),
    );
  }

  /** Sends what an earlier visit left unsent for other pictures; `told` hears how each ended. */
  async sendLate(shown: number, told: (saving: Saving, numUnsent: number) => void): Promise<void> {
    for (const id of unsentPictures(localStorage).filter((one) => one !== shown)) {
      try {
        const saving = await this.open(id);
        const numUnsent = saving.numUnsent;
        saving.send();
        await saving.settled();
        told(saving, numUnsent);
      } catch {
        // it stays where it is until next time
      }
    }
  }
}
