import { expect, test } from 'vitest'
import type { ColumnProfile, Profile } from '../profile/types.ts'
import { suggest } from './suggest.ts'

const base: ColumnProfile = {
  name: '',
  type: 'int64',
  kind: 'number',
  unit: null,
  description: null,
  count: 1000,
  nulls: 0,
  distinct: 1000,
  number: null,
  trues: null,
  text: null,
  time: null,
  histogram: null,
  top: [],
}
const number = (min: number, max: number) => ({
  min,
  max,
  mean: null,
  stddev: null,
  quantiles: [],
  quantileError: 0,
  nan: 0,
  infinite: 0,
  zeros: 0,
})
const text = (n: number) => ({ shortest: n, longest: n, empty: 0, padded: 0, variants: [] })
const of = (columns: readonly Partial<ColumnProfile>[], keys: string[] = []): Profile => ({
  format: 1,
  rows: 1000,
  columns: columns.map((c) => ({ ...base, ...c })),
  correlation: { columns: [], values: [], missing: [], skipped: [] },
  target: null,
  calendar: null,
  parts: [],
  keys,
  warnings: [],
})
const lines = (p: Profile) => suggest(p).map((s) => s.line)

test('what held in every row, or in the share that is written, with what speaks for it', () => {
  const top = (values: string[]) => values.map((value) => ({ value, count: 500 }))
  const p = of(
    [
      { name: 'id', number: number(1, 1000) },
      { name: 'price', nulls: 20, count: 980, number: number(0.5, 99) },
      { name: 'share of', type: 'float64', number: number(0, 1) },
      { name: 'change', number: number(-5, 5) },
      { name: 'city', type: 'string', kind: 'text', distinct: 2, top: top(["O'Hare", 'a\nb']) },
      { name: 'code', type: 'string', kind: 'text', text: text(7), patterns: [{ pattern: 'AA.9999', share: 1 }] },
      {
        name: 'at',
        type: 'timestamp',
        kind: 'time',
        time: { min: '2026-01-01T00:00:00Z', max: '2026-02-01T00:00:00Z' },
      },
      { name: 'none', count: 0, nulls: 1000, distinct: 0 },
    ],
    ['id'],
  )
  expect(lines(p)).toEqual([
    "e.key('id')",
    'e.volume({ change: 0.5 }).warn()',
    'e.range(r.id, { min: 0 })',
    'e.notNull(r.price, { mostly: 0.96 }).warn()',
    'e.range(r.price, { min: 0 })',
    "e.notNull(r['share of'])",
    "e.range(r['share of'], { min: 0, max: 1 })",
    'e.notNull(r.change)',
    'e.notNull(r.city)',
    "e.oneOf(r.city, ['O\\'Hare', 'a\\nb'])",
    'e.notNull(r.code)',
    "e.pattern(r.code, '^[A-Z]{2}\\\\.[0-9]{4}$')",
    'e.notNull(r.at)',
    "e.fresh('at', hours(48)).warn()",
  ])
  expect(suggest(p)[3]?.because).toBe('2 % are missing')
})

test('shapes are no values, and what was not looked through is no reason to stop', () => {
  const phone = { name: 'phone', type: 'string', kind: 'text', distinct: 1, text: text(13), top: [{ value: '999-9999-9999', count: 1000 }], patterns: [{ pattern: '999-9999-9999', share: 1 }] } as const // biome-ignore format: one line
  const line = (distinct: number, personal: boolean) => {
    const told = personal ? { personal: { kind: 'phone', share: 1 } } : {}
    return lines(of([{ ...phone, distinct, ...told } as Partial<ColumnProfile>])).at(-1)
  }
  expect(line(1, false)).toContain('oneOf')
  expect(line(1, true)).toBe('e.length(r.phone, { min: 13, max: 13 })')
  expect(line(900, true)).toBe("e.pattern(r.phone, '^[0-9]{3}-[0-9]{4}-[0-9]{4}$')")
  expect(line(5000, true)).toBe("e.pattern(r.phone, '^[0-9]{3}-[0-9]{4}-[0-9]{4}$').warn()")
})

test('a few rows say nothing', () => expect(suggest({ ...of([{ name: 'x' }]), rows: 3 })).toEqual([]))
