import { asGalleyError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'

/** How asks are done and what is told of them. */
export interface Asking {
  /** Does one in this process. Where it is done makes no difference to the answer. */
  here(ask: Json, place: number): Promise<Json>
  /** Told each answer as it comes, one after the other. */
  came?(answer: Json, place: number): Promise<void>
  /** Once it is aborted, what has not come is left; but for what this process is at, which sees to that by itself. */
  readonly until?: AbortSignal
}

/** Who does parts of a piece of work of which none needs the other: plain data in, plain data out. */
export interface Elsewhere {
  /**
   * The answers in the order of the asks; undefined for one that was left. The first ask is done in this process, whatever `until` says; others are where
   * nobody else does them. @throws what `here` throws, but for a CANCELLED once `until` is aborted
   */
  run(asks: readonly Json[], asking: Asking): Promise<(Json | undefined)[]>
}

/** Whether something ended because time was over. */
export const isLeft = (thrown: unknown, until: AbortSignal | undefined): boolean =>
  until?.aborted === true && asGalleyError(thrown).code === 'CANCELLED'

/** All in this process, one after the other. */
export const alone: Elsewhere = {
  async run(asks, { here, came, until }) {
    const answers: (Json | undefined)[] = asks.map(() => undefined)
    for (const [place, ask] of asks.entries()) {
      if (place > 0 && until?.aborted) break
      try {
        const answer = await here(ask, place)
        answers[place] = answer
        await came?.(answer, place)
      } catch (thrown) {
        if (isLeft(thrown, until)) break
        throw thrown
      }
    }
    return answers
  },
}
