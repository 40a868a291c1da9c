import { describe, expect, test } from 'vitest'
import { GalleyError } from '../../../base/errors.ts'
import { canonicalJson, type Json } from '../../../base/json.ts'
import { createRenderer } from '../render.ts'
import type { Analysis, Asked, Cell, Columns, Found } from './analysis.ts'
import { givenOf } from './given.ts'

/** Columns that an analysis can answer, and what is asked of them. */
export interface Example {
  readonly columns: Columns
  readonly asked: Asked
}

type Change = (columns: Columns, isNumber: (column: string) => boolean) => Columns

const each =
  (of: (cell: Cell, row: number, number: boolean) => Cell): Change =>
  (columns, isNumber) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, cells]) => [name, Array.from(cells, (c, i) => of(c, i, isNumber(name)))]),
    )
const first =
  (n: number): Change =>
  (columns) =>
    Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, Array.from(cells).slice(0, n)]))

/** What columns may come to; each gives an error that helps, or what is sound. */
const SHAPES: Readonly<Record<string, Change>> = {
  'no rows': first(0),
  'one row': first(1),
  'two rows': first(2),
  'three rows': first(3),
  'eight rows': first(8),
  'all missing': each(() => null),
  'all NaN or empty': each((_, __, number) => (number ? Number.NaN : undefined)),
  'all infinite': each((c, i, number) => (number ? (i % 2 ? 1 : -1) / 0 : c)),
  'constant numbers': each((c, _, number) => (number ? 7.1 : c)),
  'constant numbers that are no binary fraction': each((c, _, number) => (number ? 0.1 : c)),
  'one group': each((c, _, number) => (number ? c : 'only')),
  'each row a group': each((c, i, number) => (number ? c : `g${i}`)),
  'all constant': each((_, __, number) => (number ? 1 : 'x')),
  'many ties': each((c, _, number) => (number ? Math.round(Number(c) / 4) * 4 : c)),
  'zeros and ones': each((_, i, number) => (number ? ((i * 7) % 3) % 2 : _)),
  'every third missing': each((c, i) => (i % 3 === 1 ? null : c)),
  'some NaN and infinite': each((c, i, number) => (number && i % 5 === 2 ? (i % 2 ? Number.NaN : 1 / 0) : c)),
  huge: each((c, _, number) => (number ? Number(c) * 1e300 : c)),
  large: each((c, _, number) => (number ? Number(c) * 1e120 : c)),
  tiny: each((c, _, number) => (number ? Number(c) * 1e-300 : c)),
  'far from zero': each((c, _, number) => (number ? 1e15 + Math.round(Number(c)) : c)),
  'one far off': each((c, i, number) => (number && i === 3 ? 1e12 : c)),
  'in order': each((c, i, number) => (number ? i : c)),
  bools: each((c, i, number) => (number ? i % 2 === 0 : c)),
}

/** What holds of whatever an analysis gives. */
function sound(found: Found, names: readonly string[]): void {
  expect(() => canonicalJson(found.data)).not.toThrow()
  expect(JSON.parse(JSON.stringify(found.data))).toEqual(found.data)
  look(found.data)
  for (const [language, denial] of [
    ['en', /\b(not?|nor|cannot|neither)\b/],
    ['ko', /않|아니|아닙|없|못/],
  ] as const) {
    const sentence = found.sentence(language)
    expect(sentence).toMatch(denial)
    expect(sentence).not.toMatch(/undefined|NaN|Infinity|null|\[object|∞/)
    expect(sentence.trim()).toBe(sentence)
    expect(sentence).toMatch(/\.$/)
    expect(/[가-힣]/.test(sentence.replaceAll(/'[^']*'/g, ''))).toBe(language === 'ko')
    for (const name of names) expect(sentence).toContain(name)
  }
}

/** p-values are shares, intervals hold their value. */
function look(value: Json | undefined, key = ''): void {
  if (Array.isArray(value)) {
    for (const each of value as readonly Json[]) look(each, key)
    return
  }
  if (typeof value === 'number' && /^(p|pValue|.*P|adjusted)$/.test(key)) {
    expect(value).toBeGreaterThanOrEqual(0)
    expect(value).toBeLessThanOrEqual(1)
  }
  if (value === null || typeof value !== 'object') return
  const { value: middle, low, high } = value as Record<string, Json>
  if (typeof low === 'number' && typeof high === 'number') {
    expect(low).toBeLessThanOrEqual(high)
    if (typeof middle === 'number') {
      const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high), Math.abs(middle), 1e-300)
      expect(middle).toBeGreaterThanOrEqual(low - slack)
      expect(middle).toBeLessThanOrEqual(high + slack)
    }
  }
  for (const [k, v] of Object.entries(value)) look(v as Json, k)
}

/** Shapes whose charts are compiled, too: it takes a while. */
const DRAWN = ['three rows', 'all constant', 'each row a group', 'one far off', 'large']

/** That a chart is what Vega-Lite takes without a word. */
async function compiled(found: Found): Promise<void> {
  const { compile } = await import('vega-lite')
  const warnings: unknown[] = []
  const quiet = () => logger
  const warned = (...said: unknown[]) => {
    warnings.push(said)
    return logger
  }
  const logger = { level: quiet, info: quiet, debug: quiet, error: warned, warn: warned }
  compile(found.chart, { logger: logger as never })
  expect(warnings).toEqual([])
}

/** The suite that every analysis passes. */
export function conformance(analysis: Analysis, example: Example): void {
  const { columns, asked } = example
  const run = (given: Columns): Found => analysis.run(givenOf(analysis, given, asked))
  const numbers = new Set(
    Object.entries(analysis.columns)
      .filter(([, ask]) => ask.kind === 'number')
      .flatMap(([role]) => [asked[role] ?? []].flat().map(String)),
  )
  describe(analysis.name, () => {
    test('says what it is and asks for, in both languages', () => {
      expect(analysis.about.en).toMatch(/^[a-zA-Z][^가-힣]+$/)
      expect(analysis.about.ko).toMatch(/[가-힣]/)
      for (const ask of [...Object.values(analysis.columns), ...Object.values(analysis.settings)])
        expect(ask.about.length).toBeGreaterThan(5)
    })

    test('answers, the same each time, and leaves its columns as they are', async () => {
      const before = JSON.stringify(columns)
      const found = run(columns)
      sound(found, [])
      expect(run(columns).data).toEqual(found.data)
      expect(JSON.stringify(columns)).toBe(before)
      await compiled(found)
      const draw = await createRenderer()
      const { markup } = await draw(found.chart, 'chart')
      expect(markup).toMatch(/^<svg /)
      expect(markup).not.toMatch(/NaN|undefined/)
    })

    test.each(Object.keys(SHAPES))('%s: a sound answer, or an error that helps', async (shape) => {
      const changed = SHAPES[shape]?.(columns, (c) => numbers.has(c)) ?? columns
      let found: Found
      try {
        found = run(changed)
      } catch (error) {
        if (!(error instanceof GalleyError)) throw error
        expect(['ANALYSIS_DATA', 'USAGE_INVALID']).toContain(error.code)
        expect(error.what.length).toBeGreaterThan(10)
        expect(error.why?.length).toBeGreaterThan(5)
        expect(error.fix?.length).toBeGreaterThan(5)
        expect(`${error.what}${error.why}${error.fix}`).not.toMatch(/undefined|NaN|\[object/)
        return
      }
      sound(found, [])
      if (DRAWN.includes(shape)) await compiled(found)
      expect(JSON.stringify(found.chart)).not.toMatch(/NaN|Infinity/)
    })

    test('a column that is not there, a setting that is none', () => {
      const [role] = Object.keys(analysis.columns)
      if (role) expect(() => givenOf(analysis, columns, { ...asked, [role]: 'absent' })).toThrowError(/absent/)
      expect(() => givenOf(analysis, columns, { ...asked, colour: 'red' })).toThrowError(/colour/)
    })
  })
}
