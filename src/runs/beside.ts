/** What steps of one run hand to each other while both are under way, seen by one of them. */
export interface Beside {
  /** Waits for what a step leaves for this one; undefined where it leaves nothing, or is not under way. */
  from<T>(step: string): Promise<T | undefined>
  /** Whether a step that is under way waits for what this one leaves. */
  waits(step: string): Promise<boolean>
  /** Leaves something for a step; the first time counts. */
  leave(step: string, what: unknown): void
}

interface Pair {
  readonly what: PromiseWithResolvers<unknown>
  readonly waiting: PromiseWithResolvers<boolean>
}

/** The steps of a run that are under way. Nobody waits for one that has not begun: it may begin only once this one ends. */
export class Meeting {
  readonly #under = new Set<string>()
  readonly #pairs = new Map<string, Map<string, Pair>>()

  begin(id: string): void {
    this.#under.add(id)
  }

  /** Ends a step: nothing more comes from it, and it waits for nothing. */
  end(id: string): void {
    this.#under.delete(id)
    for (const pair of this.#pairs.get(id)?.values() ?? []) pair.what.resolve(undefined)
    for (const from of this.#pairs.values()) from.get(id)?.waiting.resolve(false)
  }

  of(id: string): Beside {
    return {
      from: async <T>(step: string) => {
        if (!this.#under.has(step)) return undefined
        const { what, waiting } = this.#pair(step, id)
        waiting.resolve(true)
        return what.promise as Promise<T | undefined>
      },
      waits: async (step) => this.#under.has(step) && this.#pair(id, step).waiting.promise,
      leave: (step, what) => this.#pair(id, step).what.resolve(what),
    }
  }

  #pair(from: string, to: string): Pair {
    const own = this.#pairs.get(from) ?? new Map<string, Pair>()
    this.#pairs.set(from, own)
    const pair = own.get(to) ?? { what: Promise.withResolvers(), waiting: Promise.withResolvers() }
    own.set(to, pair)
    return pair
  }
}
