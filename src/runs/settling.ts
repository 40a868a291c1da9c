import { syncPublished } from '../data/datasets/files.ts'

/** Bytes above which a table is brought to the disk at once: beside computing it, that takes no time. */
const SMALL = 1 << 20
/** Folders that are brought to the disk together. */
const TOGETHER = 16

/**
 * Small tables of a run that are in their place and not yet on the disk for certain: all are brought there together, before anybody is told that the run has
 * ended. Where the power goes before, what is lost of them is found by its hash and made again.
 */
export class Settling {
  readonly #folders = new Set<string>()

  /** Whether a table of that size may wait. */
  takes(bytes: number): boolean {
    return bytes <= SMALL
  }

  add(folder: string): void {
    this.#folders.add(folder)
  }

  /** Brings all of them to the disk. */
  async settle(): Promise<void> {
    const folders = [...this.#folders]
    for (let i = 0; i < folders.length; i += TOGETHER)
      await Promise.all(folders.slice(i, i + TOGETHER).map((folder) => syncPublished(folder)))
    for (const folder of folders) this.#folders.delete(folder)
  }
}
