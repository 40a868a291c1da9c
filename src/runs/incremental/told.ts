import { withQuarantine } from '../../data/quality/quarantine.ts'
import { scanned } from '../../plan/walk.ts'
import { stepOf } from '../inline.ts'
import type { DatasetSpec, Recipe } from '../specs.ts'
import { CHANGES } from './compute.ts'
import { grows } from './former.ts'
import { followsOf } from './growth.ts'

/** How a step's result follows when one of its inputs has more rows. */
export interface Grows {
  readonly input: string
  readonly how: 'rows' | 'merged' | 'groups' | 'whole'
  /** Why it is computed as a whole. */
  readonly reason?: string
}

/** How a step grows with each of its inputs; nothing for one that does not say `incremental`, and that no dataset which does is made of. */
export function howItGrows(recipe: Recipe, id: string): Grows[] {
  if (!grows(recipe, id)) return []
  const { plan, expect = [], write } = stepOf(recipe, id).spec as DatasetSpec
  const root = withQuarantine(plan.root, expect)
  return scanned(root).map(({ name: input }): Grows => {
    const follows = followsOf(root, input)
    const changes = follows.mode !== 'anew' && follows.mode !== 'rows' && write?.mode === 'upsert'
    if (follows.mode === 'anew' || changes)
      return { input, how: 'whole', reason: (follows.mode === 'anew' ? follows.reason : CHANGES) ?? 'its rows are not among them' } // biome-ignore format: one line
    return { input, how: follows.mode }
  })
}

const SAYS = {
  rows: 'rows of what came are added',
  merged: 'groups of what came are put together with those that are there',
  groups: 'the groups that what came belongs to are computed again',
  whole: 'computed as a whole',
} as const

/** The same in words. */
export const growsText = ({ input, how, reason }: Grows): string =>
  `with '${input}': ${SAYS[how]}${reason === undefined ? '' : ` (${reason})`}`
