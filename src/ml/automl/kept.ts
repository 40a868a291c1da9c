import { GalleyError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Journal } from '../training/journal.ts'
import { decodeFloat64, encodeArray } from '../training/model.ts'
import type { Point } from './propose.ts'
import { type Family, paramsAt } from './space.ts'
import type { Earlier, Trial } from './trials.ts'

/** What came of a trial as plain data. JSON has no loss that is no number, and none of a rung that was left out. */
type Told = {
  readonly rung: number
  readonly losses: readonly (number | null | 'none')[]
  readonly loss: number
  readonly said: string | null
}

/** A trial in a journal. */
interface Kept extends Told {
  readonly trial: number
  readonly family: string
  readonly point: readonly number[]
  readonly ms: number
}

export const toldOf = ({ losses, rung, loss, said }: Trial): Told => ({
  rung,
  losses: Array.from(losses, (of) => (of === undefined ? null : Number.isFinite(of) ? of : 'none')),
  loss,
  said: said ? encodeArray(said) : null,
})

/** A trial of a point of which that was told. */
export function trialOf({ family, point }: Point, { losses, rung, loss, said }: Told): Trial {
  return {
    ...{ family, point, params: paramsAt(family, point), rung, loss },
    losses: losses.map((of) => (of === null ? undefined : of === 'none' ? Number.NaN : of)),
    said: said === null ? undefined : decodeFloat64({ said }, 'said'),
  }
}

/** What is asked of whoever runs a trial: its point, and the losses of the trials that it is held against. */
export const askOf = ({ family, point }: Point, earlier: Earlier): Json => ({
  ...{ family: family.trainer, point },
  earlier: earlier.map((losses) => losses.map((of) => (Number.isFinite(of) ? of : null))),
})

export function askedIn(ask: Json, families: readonly Family[]): Point & { readonly earlier: Earlier } {
  const { family: name, point, earlier } = ask as { readonly family: string; readonly point: readonly number[]; readonly earlier: readonly (readonly (number | null)[])[] } // biome-ignore format: one line
  const family = families.find((f) => f.trainer === name)
  if (!family) throw new GalleyError('INTERNAL_BUG', { what: `a trial of '${name}', which these rows are not searched with` }) // biome-ignore format: one line
  const of = (rung: number) => (earlier[rung] ?? []).map((loss) => loss ?? Number.NaN)
  return { family, point, earlier: [of(0), of(1)] }
}

/** Bytes of what a trial says of rows, at most: as a text they have a third more, and no text has more than 512 MiB. */
const MOST_SAID = 256 * 2 ** 20

/** Keeps a trial that is over, and the ms that it took, unless it says too much: the search goes on without. */
export async function keepTrial(journal: Journal | undefined, number: number, t: Trial, ms: number): Promise<void> {
  if ((t.said?.byteLength ?? 0) > MOST_SAID) return
  const kept = { trial: number, family: t.family.trainer, point: t.point, ...toldOf(t), ms }
  await journal?.add(kept satisfies Kept)
}

/** Trials of a search that was interrupted, by their numbers: those of a round end in any order. */
export function trialsKept(
  journal: Journal | undefined,
  families: readonly Family[],
): ReadonlyMap<number, { readonly trial: Trial; readonly ms: number }> {
  const found = new Map<number, { trial: Trial; ms: number }>()
  for (const k of (journal?.entries() ?? []) as readonly Kept[]) {
    const family = families.find((f) => f.trainer === k.family)
    // two searches at once may have gone apart: the first of a number counts
    if (family && !found.has(k.trial)) found.set(k.trial, { trial: trialOf({ family, point: k.point }, k), ms: k.ms })
  }
  return found
}

/** Whether a trial that was kept is of the point that is next. */
export const isAt = (trial: Trial, next: Point): boolean =>
  trial.family === next.family && trial.point.length === next.point.length && trial.point.every((u, d) => u === next.point[d]) // biome-ignore format: one line
