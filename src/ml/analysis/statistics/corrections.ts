import type { Setting } from './analysis.ts'

/** Ways to correct p-values for how many there are. */
const CORRECTIONS = ['holm', 'bh', 'bonferroni', 'none'] as const
export type Correction = (typeof CORRECTIONS)[number]

/** The setting that names one. */
export const correction = (of: string, usual: Correction = 'holm'): Setting => ({
  ...{ kind: 'choice', choices: CORRECTIONS, default: usual },
  about: `how p is corrected for the number of ${of}`,
})

/**
 * p-values corrected for their number: Holm (1979) and Bonferroni hold the chance of any false alarm, Benjamini and Hochberg (1995)
 * the share of false ones among the alarms. A null (no p) is not counted.
 */
export function corrected(ps: readonly (number | null)[], by: Correction): (number | null)[] {
  const at = ps.flatMap((p, i) => (p === null ? [] : [{ p, i }])).sort((a, b) => a.p - b.p)
  const m = at.length
  const out: (number | null)[] = ps.map(() => null)
  if (by === 'bh') {
    let least = 1
    for (let k = m - 1; k >= 0; k--) {
      const { p, i } = at[k] as { p: number; i: number }
      least = Math.min(least, (p * m) / (k + 1))
      out[i] = least
    }
    return out
  }
  let most = 0
  for (const [k, { p, i }] of at.entries()) {
    const factor = by === 'none' ? 1 : by === 'bonferroni' ? m : m - k
    most = by === 'holm' ? Math.max(most, Math.min(1, p * factor)) : Math.min(1, p * factor)
    out[i] = most
  }
  return out
}
