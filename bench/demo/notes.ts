import { median } from '../bench.ts'
import { PEER, type Side } from './sides.ts'

/** One run of each side, one after the other. */
export interface Pair {
  readonly galley: Side
  readonly peer: Side
}

/** AUCs further apart than this mean that the two do not learn the same. */
const SAME_AUC = 0.005

/** What stands beside the figures of one size: the models' quality, where the seconds went, and how quiet it was. */
export function notesOf(rows: number, pairs: readonly Pair[]): string[] {
  const [first] = pairs
  if (!first) return []
  const size = `${rows.toLocaleString('en-US')} rows`
  const quality = (side: 'galley' | 'peer') =>
    Object.entries(first[side].candidates)
      .map(([name, { test }]) => `${name} ${test.auc.toFixed(4)} / ${test.logLoss.toFixed(4)}`)
      .join(', ')
  const apart = Math.abs(auc(first.galley) - auc(first.peer))
  const notes = [
    `${size}: test AUC / log loss: Galley ${quality('galley')}; ${PEER} ${quality('peer')}; AUC of the trees ${apart.toFixed(4)} apart`,
    `${size}: seconds by step: Galley ${steps(pairs, 'galley')}; ${PEER} ${steps(pairs, 'peer')}`,
    `${size}: processor seconds: Galley ${middle(pairs, (p) => p.galley.cpuSeconds)}; ${PEER} ${middle(pairs, (p) => p.peer.cpuSeconds)}`,
  ]
  const share = median(pairs.flatMap((p) => [p.galley.otherShare, p.peer.otherShare]))
  const most = Math.max(...pairs.flatMap((p) => [p.galley.otherShare, p.peer.otherShare]))
  notes.push(
    `${size}: other work took ${percent(share)} of the processors meanwhile (at most ${percent(most)})${share > 0.1 ? ': not quiet, times are too long' : ''}`,
  )
  if (first.galley.rows !== first.peer.rows)
    notes.push(`${size}: UNEQUAL: Galley made ${first.galley.rows} rows, ${PEER} ${first.peer.rows}`)
  if (!(apart <= SAME_AUC)) notes.push(`${size}: UNEQUAL: the AUC of the trees differs by more than ${SAME_AUC}`)
  return notes
}

const auc = (side: Side): number => side.candidates['gbdt']?.test.auc ?? Number.NaN
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
const middle = (pairs: readonly Pair[], of: (p: Pair) => number): string => median(pairs.map(of)).toFixed(1)

function steps(pairs: readonly Pair[], side: 'galley' | 'peer'): string {
  return Object.keys(pairs[0]?.[side].steps ?? {})
    .map((step) => `${step} ${middle(pairs, (p) => p[side].steps[step] ?? Number.NaN)}`)
    .join(', ')
}
