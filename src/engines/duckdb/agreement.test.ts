import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { call, col, type Expr, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { asBag, collect } from '../conformance/compare.ts'
import { rowsOf } from '../conformance/vectors.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createDuckdbEngine } from './index.ts'

/** Where DuckDB's own libraries (ICU, utf8proc, yyjson, RE2) and JavaScript's must say the same, over wide inputs. */
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-agreement-test') })
const reference = createReferenceEngine()
afterAll(() => duckdb.close())

async function agree(n: Node): Promise<void> {
  expect(asBag(await collect(duckdb, n))).toEqual(asBag(await collect(reference, n)))
}
const derived = (input: Node, ...columns: Expr[]): Node =>
  build({ op: 'derive', input, columns: columns.map((e, i) => [`r${i}`, e] as const) })
const text = (s: string): Expr => lit(s, 'string')

const ZONES = [
  'Asia/Seoul',
  'Asia/Pyongyang',
  'America/New_York',
  'Europe/London',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Tehran',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'UTC',
]

test('time zones: both ways, from 1900 to 2037', { timeout: 60_000 }, async () => {
  const seconds = fc.sample(fc.integer({ min: -2_208_988_800, max: 2_145_916_800 }), { numRuns: 400, seed: 1 })
  // and every quarter of an hour around changes of summer time
  for (const day of ['2001-04-01', '2001-10-28', '2018-05-05', '2011-12-30', '1987-05-10', '1988-10-09'])
    for (let q = -48; q < 144; q++) seconds.push(Date.parse(`${day}T00:00:00Z`) / 1000 + q * 900)
  const rows = seconds.map((s) => [String(s * 1_000_000), String(s * 1_000_000)])
  const input = rowsOf({ at: 'timestamp', wall: 'local timestamp' }, rows)
  for (const zone of ZONES)
    await agree(derived(input, call('toLocal', col('at'), text(zone)), call('toInstant', col('wall'), text(zone))))
})

test('upper and lower case of every code point', { timeout: 60_000 }, async () => {
  const points: Literal[][] = []
  for (let c = 1; c < 0x20000; c++) if (c < 0xd800 || c > 0xdfff) points.push([String.fromCodePoint(c)])
  const input = rowsOf({ s: 'string' }, points)
  const n = derived(input, call('lower', col('s')), call('upper', col('s')))
  const [a, b] = [await collect(duckdb, n), await collect(reference, n)]
  const differ = a.flatMap((row, i) => (String(row) === String(b[i]) ? [] : [[row, b[i] as typeof row] as const]))
  // letters that are younger than DuckDB's tables: it leaves them as they are
  const younger = differ.filter(([[s, lower, upper]]) => lower === s && upper === s)
  expect(differ.filter((d) => !younger.includes(d))).toEqual([])
  expect(younger.length).toBeLessThan(150)
})

test('calendar parts and arithmetic from year 1 to 9999', async () => {
  const days = fc.sample(fc.integer({ min: -719_162, max: 2_932_896 }), { numRuns: 1500, seed: 2 })
  const input = rowsOf(
    { d: 'date', n: 'int64' },
    days.map((d, i) => [d, String((i % 61) - 30)]),
  )
  const parts = ['year', 'quarter', 'month', 'day', 'weekday', 'dayOfYear', 'isoWeek', 'isoYear'] as const
  const units = ['year', 'quarter', 'month', 'week', 'day'] as const
  await agree(
    derived(
      input,
      ...parts.map((p) => call(p, col('d'))),
      ...units.map((u) => call('truncate', col('d'), text(u))),
      call('addDays', col('d'), col('n')),
      call('formatTime', col('d'), text('%d.%m.%Y')),
    ),
  )
})

test('patterns over any text', async () => {
  // some letters further on are younger than DuckDB's tables of them
  const any = fc.sample(
    fc.string({ unit: fc.integer({ min: 1, max: 0x500 }).map((c) => String.fromCharCode(c)), maxLength: 12 }),
    { numRuns: 300, seed: 3 },
  )
  const some = fc.sample(fc.stringMatching(/^[ab0-9 \n.한글é]{0,10}$/), { numRuns: 300, seed: 4 })
  const input = rowsOf(
    { s: 'string' },
    [...any, ...some].map((s) => [s.toWellFormed()]),
  )
  for (const pattern of [
    'a+b?',
    '^\\d+$',
    '[^a]',
    '\\bb',
    '(?i)A(b|c)*',
    '\\s',
    '.',
    '(?s).+',
    '[가-힣]{2}',
    '\\pL+',
    'a|b|$',
    '(a)(b)?',
  ])
    await agree(
      derived(
        input,
        call('matches', col('s'), text(pattern)),
        call('extract', col('s'), text(pattern), lit('0', 'int64')),
        call('replaceMatches', col('s'), text(pattern), text('#')),
      ),
    )
  await agree(
    derived(
      input,
      call('tokens', col('s')),
      call('normalize', col('s')),
      call('charNgrams', col('s'), lit('2', 'int64')),
      call('length', col('s')),
    ),
  )
})

test('JSON of any shape', async () => {
  const texts = fc.sample(fc.json({ maxDepth: 3 }), { numRuns: 400, seed: 5 })
  const named = texts.map((t) => `{"a":${t},"b":[${t},{"c":${t}}]}`)
  const input = rowsOf(
    { s: 'string' },
    [...named, ...texts].map((t) => [t]),
  )
  for (const path of ['$', '$.a', '$.b[0]', '$.b[1].c', '$.a[0]', '$.nothing'])
    await agree(
      derived(
        input,
        ...(['jsonString', 'jsonNumber', 'jsonBool', 'jsonLength'] as const).map((f) => call(f, col('s'), text(path))),
      ),
    )
})

test('casts between text and numbers', async () => {
  const floats = fc.sample(fc.double({ noDefaultInfinity: true, noNaN: true }), { numRuns: 600, seed: 6 })
  const input = rowsOf(
    { x: 'float64' },
    floats.map((x) => [x === 0 ? 0 : x]),
  )
  const cast = (arg: Expr, to: 'string' | 'float64' | 'float32'): Expr => ({ op: 'cast', arg, to, onError: 'null' })
  await agree(
    derived(
      input,
      cast(col('x'), 'string'),
      cast(cast(col('x'), 'string'), 'float64'),
      cast(cast(cast(col('x'), 'float32'), 'string'), 'float32'),
    ),
  )
})

test('sums and means of any floats lie within n·ε·Σ|x|', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e150, max: 1e150 }), {
        minLength: 1,
        maxLength: 60,
      }),
      async (xs) => {
        const n = build({
          op: 'aggregate',
          input: rowsOf(
            { x: 'float64' },
            xs.map((x) => [x]),
          ),
          by: [],
          aggs: [
            ['s', { fn: 'sum', arg: col('x') }],
            ['m', { fn: 'mean', arg: col('x') }],
          ],
        })
        const [[s, m] = []] = await collect(duckdb, n)
        const [[sum, mean] = []] = await collect(reference, n)
        const bound = xs.length * Number.EPSILON * xs.reduce((total, x) => total + Math.abs(x), 0)
        expect(Math.abs(Number(s) - Number(sum))).toBeLessThanOrEqual(bound)
        expect(Math.abs(Number(m) - Number(mean))).toBeLessThanOrEqual(bound)
      },
    ),
    { numRuns: 150, seed: 7 },
  )
})

test('a value that failed and is used in a condition is told by the column that it is of', async () => {
  const n = build({
    op: 'derive',
    input: rowsOf({ s: 'string' }, [['7'], ['x']]),
    columns: [['n', { op: 'cast', arg: col('s'), to: 'int64', onError: 'fail' }]],
  })
  const predicate = call('gt', call('add', col('n'), lit('1', 'int64')), lit('5', 'int64'))
  await expect(collect(duckdb, build({ op: 'filter', input: n, predicate }))).rejects.toThrowError("derive of 'n'")
})

/** How many doubles lie between two. */
function apart(a: number, b: number): number {
  if (Object.is(a, b)) return 0
  const [x, y] = [a, b].map((n) => new BigInt64Array(new Float64Array([n]).buffer)[0] as bigint)
  const place = (n: bigint) => (n < 0n ? -(n & 0x7fff_ffff_ffff_ffffn) : n)
  return Math.abs(Number(place(x as bigint) - place(y as bigint)))
}

test('logarithms, powers and angles agree to two units in the last place, roots wholly', async () => {
  const numbers = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 2000, seed: 5 })
  const small = fc.sample(fc.double({ min: -700, max: 700, noNaN: true }), { numRuns: 2000, seed: 6 })
  const input = rowsOf(
    { x: 'float64', y: 'float64' },
    [...numbers, ...small].map((x, i) => [x, small[i % 2000] as number]),
  )
  const [x, size, y] = [col('x'), call('abs', col('x')), col('y')]
  const columns = [
    call('sqrt', size),
    ...[call('ln', size), call('log10', size), call('exp', y), call('sin', x), call('cos', x)],
    call('pow', size, call('div', y, lit(700, 'float64'))),
  ]
  const [ours, theirs] = [
    await collect(reference, derived(input, ...columns)),
    await collect(duckdb, derived(input, ...columns)),
  ]
  ours.forEach((row, i) => {
    for (let c = 2; c < row.length; c++)
      expect(apart(row[c] as number, theirs[i]?.[c] as number), `${c} of ${row}`).toBeLessThanOrEqual(c === 2 ? 0 : 2)
  })
})
