import { expect, test } from 'vitest'
import type { ColumnProfile, Profile } from '../../data/profile/types.ts'
import { correlations } from './heatmaps.ts'
import { escapeHtml } from './html.ts'
import { createRenderer, labelsOf } from './render.ts'
import { renderReport } from './report.ts'
import type { ReportFacts } from './sections.ts'
import { setAside } from './step.ts'
import { compact, fixed, number, percent } from './text.ts'

const EVIL = `</script><script>alert("1")</script><img src=x onerror='alert(2)'>&`
const facts: ReportFacts = {
  dataset: 'flights',
  version: 2,
  recipe: 'delay',
  run: 7,
  date: '2026-01-02 03:04',
  verdicts: [{ title: EVIL, kind: 'custom', severity: 'stop', passed: false, failed: 1, rows: 3 }],
  rejected: { [EVIL]: 3, duplicate: 1 },
}
const base: ColumnProfile = {
  name: 'x',
  type: 'int64',
  kind: 'number',
  unit: null,
  description: null,
  count: 3,
  nulls: 0,
  distinct: 3,
  number: {
    min: 1,
    max: 3,
    mean: 2,
    stddev: 1,
    quantiles: [1.02, 1.1, 1.5, 2, 2.5, 2.9, 2.98],
    quantileError: 0,
    nan: 0,
    infinite: 0,
    zeros: 0,
  },
  trues: null,
  text: null,
  time: null,
  histogram: { from: 1, width: 1, counts: [1, 1, 1], below: 0, above: 0 },
  top: [],
}
const none = { number: null, histogram: null }
const profile: Profile = {
  format: 1,
  rows: 3,
  columns: [
    { ...base, name: EVIL, description: EVIL, unit: EVIL },
    {
      ...base,
      ...none,
      name: 'text',
      type: 'string',
      kind: 'text',
      distinctError: 0.0081,
      patterns: [{ pattern: EVIL, share: 1 }],
      personal: { kind: 'phone', share: 0.5, byName: false },
      top: [
        { value: EVIL, count: 2 },
        { value: '', count: 1 },
      ],
    },
    { ...base, ...none, name: 'late', type: 'bool', kind: 'bool', distinct: 2, trues: 1 },
    {
      ...base,
      ...none,
      name: 'at',
      type: 'timestamp',
      kind: 'time',
      time: { min: '1970-01-01T00:00:00Z', max: '1970-01-03T00:00:00Z' },
      histogram: { from: 0, width: 86_400e6, counts: [1, 1, 1], below: 0, above: 0 },
    },
  ],
  correlation: {
    columns: [EVIL, 'late'],
    values: [
      [1, -0.5],
      [-0.5, 1],
    ],
    missing: [{ column: EVIL, reason: 'constant' }],
    skipped: [],
  },
  target: {
    column: 'late',
    kind: 'bool',
    count: 3,
    mean: 1 / 3,
    features: [
      {
        column: EVIL,
        kind: 'text',
        correlation: -0.5,
        strength: 0.99,
        bins: [
          { label: EVIL, from: null, to: null, count: 2, mean: 0.5 },
          { label: null, from: 1, to: 2, count: 1, mean: 0 },
        ],
      },
    ],
  },
  calendar: {
    column: 'at',
    clock: 'UTC',
    cells: [
      { weekday: 1, hour: 0, count: 1, mean: 0 },
      { weekday: 2, hour: 5, count: 2, mean: null },
    ],
  },
  parts: [{ name: EVIL, rows: 3, mean: 1 / 3 }],
  sampled: {
    rows: 2,
    spearman: { columns: [EVIL, 'late'], values: [[1, -0.5], [-0.5, 1]] }, // biome-ignore format: one line
    cramersV: { columns: [EVIL, 'text'], values: [[1, 0.7], [0.7, 1]] }, // biome-ignore format: one line
    missing: [{ columns: [EVIL, 'late'], share: 0.5 }],
    duplicates: { share: 0.1, exact: false },
  },
  warnings: [
    { code: 'leak', level: 'high', columns: [EVIL], params: { target: EVIL, strength: '0.99' } },
    { code: 'constant', level: 'medium', columns: [EVIL], params: { value: EVIL } },
    { code: 'personal', level: 'high', columns: [EVIL], params: { kind: 'phone', percent: '50' } },
  ],
}

/** What is no element, attribute or text of ours: tags in order, to see that each one closes. */
function unclosed(html: string): string[] {
  const open: string[] = []
  const bare = html.replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '')
  for (const [, close, name = '', self] of bare.matchAll(/<(\/?)([a-z0-9]+)(?:[^>"]|"[^"]*")*?(\/?)>/gi)) {
    if (self || ['meta', 'input', 'br'].includes(name)) continue
    if (!close) open.push(name)
    else if (open.pop() !== name) return [`</${name}> without its start`]
  }
  return open
}

test('one file: both languages, every element closed, nothing from elsewhere', async () => {
  const page = await renderReport(profile, facts, 'ko')
  expect(unclosed(page)).toEqual([])
  expect(page).toContain('<html lang="ko">')
  expect(page).toContain('데이터 보고서')
  expect(page).toContain('Data report')
  expect(page.replace('http-equiv', '')).not.toMatch(/https?:|\bsrc=["h]|@import|url\((?!#)/)
  expect(page.length).toBeLessThan(3_000_000)
})

test('values and names never become markup', async () => {
  const page = await renderReport(profile, facts, 'en')
  expect(page).not.toContain('<img')
  expect(page).not.toContain('alert("1")</script>')
  expect(page.match(/<script/g)).toHaveLength(3)
  expect(page).toContain("default-src 'none'")
})

test('specifications and profile are embedded as JSON', async () => {
  const page = await renderReport(profile, facts, 'en')
  const embedded = (id: string) => JSON.parse(page.split(`id="${id}">`)[1]?.split('</script>')[0] ?? '') as unknown
  expect(embedded('profile')).toEqual(profile)
  expect(Object.keys(embedded('charts') as object)).toEqual(
    expect.arrayContaining(['effect-0', 'time', 'calendar-ko', 'correlation', 'column-0']),
  )
})

test('the same profile gives the same bytes', async () => {
  expect(await renderReport(profile, facts, 'en')).toBe(await renderReport(profile, facts, 'en'))
})

test('columns together, personal data and a file by itself, in both languages', async () => {
  const page = await renderReport(profile, { ...facts, dataset: EVIL, version: null, recipe: null, run: null }, 'en')
  expect(unclosed(page)).toEqual([])
  for (const words of ['전화번호', 'phone number', '스피어만', 'Over a sample of 2 rows', '표본으로 보아', '≈ 3'])
    expect(page).toContain(words)
  expect(page).not.toContain('Expectations of the recipe')
  expect(page).not.toContain('<img')
})

test('an empty table has a report too', async () => {
  const empty: Profile = {
    ...profile,
    rows: 0,
    columns: [{ ...base, ...none, count: 0, distinct: 0 }],
    correlation: { columns: [], values: [], missing: [], skipped: [] },
    target: null,
    calendar: null,
    parts: [],
    warnings: [],
  }
  expect(unclosed(await renderReport(empty, { ...facts, verdicts: [], rejected: {} }, 'en'))).toEqual([])
})

test('a chart of pairs names columns that are called like what JavaScript’s objects have', async () => {
  const columns = ['constructor', 'toString', '__proto__', "가격's"]
  const values = columns.map((_, i) => columns.map((_, j) => (i === j ? 1 : 0.5)))
  const draw = await createRenderer()
  const { markup: svg } = await draw(correlations({ columns, values, missing: [], skipped: [] }), 'r')
  expect(columns.map((name) => svg.split(`>${name}<`).length)).toEqual([3, 3, 3, 3])
})

test('numbers for people', () => {
  expect([compact(0), compact(-1234), compact(12_345), compact(2.5e6), compact(0.000_01)]).toEqual([
    '0',
    '−1234',
    '12.3k',
    '2.5M',
    '1.00e−5',
  ])
  expect([number(null), number(-2999800), number(0.1234567)]).toEqual(['–', '−2,999,800', '0.123457'])
  expect([percent(0, 0), percent(1, 3), percent(1, 1e6), percent(999_999, 1e6)]).toEqual([
    '–',
    '33.3 %',
    '<0.01 %',
    '>99.99 %',
  ])
  expect([fixed(-0.001, 2), fixed(-0.5, 2)]).toEqual(['0.00', '−0.50'])
  expect(escapeHtml('<a b="c">\u0000\u202e')).toBe('&lt;a b=&quot;c&quot;&gt;␀�')
})

test('rows set aside are counted along the whole way, each step once', () => {
  const step = (id: string, ...inputs: string[]) => ({ id, kind: 'table', inputs, spec: null })
  const steps = [
    step('raw'),
    step('a', 'raw'),
    step('b', 'a'),
    step('c', 'a'),
    step('data', 'b', 'c'),
    step('other', 'raw'),
  ]
  const rejected: Record<string, Record<string, number>> = {
    a: { duplicate: 2 },
    b: { late: 1 },
    data: { late: 4 },
    other: { no: 9 },
  }
  expect(setAside(steps, 'data', (id) => rejected[id])).toEqual({ duplicate: 2, late: 5 })
})

test('a chart labels places by any text', async () => {
  const draw = await createRenderer()
  const names = ['constructor', 'a\u2028b', `"'\\*/`, '']
  const values = names.map((_, i) => ({ i }))
  const y = { field: 'i', type: 'ordinal', axis: { labelExpr: labelsOf(names) } } as const
  const { markup } = await draw({ data: { values }, mark: 'bar', encoding: { y } }, 'names')
  for (const name of names.slice(0, 3)) expect(markup).toContain(`>${name}<`)
})
