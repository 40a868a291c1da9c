/** Texts as whole numbers and back, so that a column of texts can stand among columns of numbers; a missing one is NaN. */
export class Texts {
  readonly #codes = new Map<string, number>()
  readonly #texts: string[] = []

  /** The number that stands for a text, the same one each time. */
  codeOf(text: string | null | undefined): number {
    if (text === null || text === undefined) return Number.NaN
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    this.#codes.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  /** The text that a number stands for; null for a missing one. */
  textOf(code: number): string | null {
    return this.#texts[code] ?? null
  }

  /** Forgets all texts where there are more: nothing may hold a number of before. */
  keepAtMost(most: number): void {
    if (this.#texts.length <= most) return
    this.#codes.clear()
    this.#texts.length = 0
  }
}
