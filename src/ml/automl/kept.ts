import type { Journal } from '../training/journal.ts'
import { decodeFloat64, encodeArray } from '../training/model.ts'
import { type Family, paramsAt } from './space.ts'
import type { Trial } from './trials.ts'

/** A trial in a journal. JSON has no loss that is no number, and none of a rung that was left out. */
interface Kept {
  readonly trial: number
  readonly family: string
  readonly point: readonly number[]
  readonly rung: number
  readonly losses: readonly (number | null | 'none')[]
  readonly loss: number
  readonly said: string | null
  readonly ms: number
}

/** Bytes of what a trial says of rows, at most: as a text they have a third more, and no text has more than 512 MiB. */
const MOST_SAID = 256 * 2 ** 20

/** Keeps a trial that is over, and the ms that it took, unless it says too much: the search goes on without. */
export async function keepTrial(journal: Journal | undefined, number: number, t: Trial, ms: number): Promise<void> {
  if ((t.said?.byteLength ?? 0) > MOST_SAID) return
  const losses = Array.from(t.losses, (loss) => (loss === undefined ? null : Number.isFinite(loss) ? loss : 'none'))
  const kept = { trial: number, family: t.family.trainer, point: t.point, rung: t.rung, losses, loss: t.loss, said: t.said ? encodeArray(t.said) : null, ms } // biome-ignore format: one line
  await journal?.add(kept satisfies Kept)
}

/** Trials of a search that was interrupted, each at its number. */
export function trialsKept(journal: Journal | undefined, families: readonly Family[]): { trial: Trial; ms: number }[] {
  const found: { trial: Trial; ms: number }[] = []
  for (const k of (journal?.entries() ?? []) as readonly Kept[]) {
    const family = families.find((f) => f.trainer === k.family)
    // two searches at once may have gone apart: the first of a number counts
    if (!family || k.trial !== found.length) continue
    const losses = k.losses.map((loss) => (loss === null ? undefined : loss === 'none' ? Number.NaN : loss))
    const said = k.said === null ? undefined : decodeFloat64({ said: k.said }, 'said')
    found.push({ trial: { family, point: k.point, params: paramsAt(family, k.point), rung: k.rung, losses, loss: k.loss, said }, ms: k.ms }) // biome-ignore format: one line
  }
  return found
}

/** Whether a trial that was kept is of the point that is next. */
export const isAt = (trial: Trial, next: { readonly family: Family; readonly point: readonly number[] }): boolean =>
  trial.family === next.family && trial.point.length === next.point.length && trial.point.every((u, d) => u === next.point[d]) // biome-ignore format: one line
