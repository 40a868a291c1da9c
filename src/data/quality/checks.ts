import type { ColumnProfile, Profile, WarningCode } from '../profile/types.ts'

/** A check that every fitting column goes through without being asked for. */
export interface ColumnCheck {
  readonly check: 'filled' | 'complete' | 'varied' | 'finite' | 'range' | 'tidy' | 'noLeak'
  /** Columns that it applies to. */
  readonly columns: number
  /** Those that deserve a look. */
  readonly offenders: readonly string[]
}

const CHECKS: readonly {
  check: ColumnCheck['check']
  codes: readonly WarningCode[]
  applies: (c: ColumnProfile, p: Profile) => boolean
}[] = [
  { check: 'filled', codes: ['empty'], applies: () => true },
  { check: 'complete', codes: ['nulls', 'empty'], applies: () => true },
  { check: 'varied', codes: ['constant', 'oneValue', 'dominant'], applies: (c) => c.distinct !== null },
  { check: 'finite', codes: ['notFinite'], applies: (c) => c.kind === 'number' },
  { check: 'range', codes: ['extremes'], applies: (c) => c.kind === 'number' },
  { check: 'tidy', codes: ['untidy'], applies: (c) => c.kind === 'text' },
  { check: 'noLeak', codes: ['leak'], applies: (c, p) => p.target?.features.some((f) => f.column === c.name) ?? false },
]

/** The automatic checks of a profile's columns; those that apply to no column are left out. */
export function checkColumns(profile: Profile): ColumnCheck[] {
  return CHECKS.map(({ check, codes, applies }) => {
    const columns = profile.columns.filter((c) => applies(c, profile)).map((c) => c.name)
    const found = new Set(profile.warnings.filter((w) => codes.includes(w.code)).flatMap((w) => w.columns))
    return { check, columns: columns.length, offenders: columns.filter((c) => found.has(c)) }
  }).filter((c) => c.columns > 0)
}
