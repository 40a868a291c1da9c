import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { valueAt } from '../../engines/batch.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps, type Sink } from '../../engines/engine.ts'
import { createLedger } from '../../engines/ledger.ts'
import { call, col, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Field, Type } from '../../plan/types.ts'
import { checkColumns } from '../quality/checks.ts'
import type { Access } from './access.ts'
import type { Row } from './columns.ts'
import { profile } from './profile.ts'
import type { ColumnProfile, Profile } from './types.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-profile-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'spill') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const ctx = { scope: { workspace: 'w', caller: 'test' }, signal: new AbortController().signal, ledger: createLedger() }

async function run(n: Node, sink: Sink) {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  return prepared.run(ctx, sink)
}

async function collect(n: Node): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of (await run(n, 'batches')).batches())
    for (let i = 0; i < batch.rows; i++)
      rows.push(Object.fromEntries(batch.columns.map((c, k) => [batch.schema[k]?.name ?? '', valueAt(c, i)])))
  return rows
}

const access: Access = {
  collect,
  read: async function* (n) {
    yield* (await run(n, 'batches')).batches()
  },
}

/** Literals of the columns, one array each. NaN and ±∞ are written as text, as in a plan. */
function tableOf(columns: Readonly<Record<string, readonly [Type, readonly unknown[]]>>): Node {
  const schema: Field[] = Object.entries(columns).map(([name, [type]]) => ({ name, type, nullable: true }))
  const length = Math.max(...Object.values(columns).map(([, v]) => v.length))
  const rows = Array.from({ length }, (_, i) => Object.values(columns).map(([, v]) => (v[i] ?? null) as Literal))
  return build({ op: 'scan', from: { kind: 'rows', rows }, schema })
}

const one = (p: Profile, name: string): ColumnProfile => {
  const found = p.columns.find((c) => c.name === name)
  if (!found) throw new Error(name)
  return found
}
const codes = (p: Profile): string[] => p.warnings.map((w) => `${w.code} ${w.columns.join(' ')}`)

describe('a column', () => {
  test('numbers by hand', async () => {
    const p = await profile(tableOf({ x: ['int64', ['1', '2', '2', '4', null, '11']] }), access)
    const x = one(p, 'x')
    expect(p.rows).toBe(6)
    expect([x.count, x.nulls, x.distinct]).toEqual([5, 1, 4])
    expect(x.number).toEqual({
      min: 1,
      max: 11,
      mean: 4,
      stddev: 4.06201920232,
      quantiles: [1.04, 1.2, 2, 2, 4, 9.6, 10.72],
      quantileError: 0,
      nan: 0,
      infinite: 0,
      zeros: 0,
    })
    expect(x.histogram).toEqual({ from: 1, width: 1, counts: [1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1], below: 0, above: 0 })
    expect(x.top[0]).toEqual({ value: '2', count: 2 })
  })

  test('NaN and infinities are counted and left out', async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 3, null]
    const p = await profile(tableOf({ x: ['float64', values], y: ['float64', [1, 2, 3, 4, 5, 6]] }), access)
    const x = one(p, 'x')
    expect(x.number).toMatchObject({ min: 1, max: 3, mean: 2, nan: 1, infinite: 2 })
    expect(x.nulls).toBe(1)
    expect(codes(p)).toContain('notFinite x')
    expect(p.correlation.values).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  test('the largest doubles do not overflow', async () => {
    const p = await profile(tableOf({ x: ['float64', [Number.MAX_VALUE, -Number.MAX_VALUE, 0]] }), access)
    expect(one(p, 'x').number).toMatchObject({ max: Number.MAX_VALUE, mean: 0 })
    JSON.parse(JSON.stringify(p))
  })

  test('an empty table, one row, constants, nothing but nulls', async () => {
    const types = { i: 'int64', f: 'float64', s: 'string', b: 'bool', t: 'timestamp', d: 'date' } as const
    const empty = await profile(
      tableOf(Object.fromEntries(Object.entries(types).map(([n, t]) => [n, [t, []]]))),
      access,
      { target: 'b' },
    )
    expect(empty.rows).toBe(0)
    expect(empty.warnings).toEqual([])
    const row = { i: '7', f: 0.5, s: 'a', b: true, t: '0', d: 3 }
    const single = await profile(
      tableOf(Object.fromEntries(Object.entries(types).map(([n, t]) => [n, [t, [row[n as 'i']]]]))),
      access,
      { target: 'b' },
    )
    expect(one(single, 'i').number).toMatchObject({ min: 7, max: 7, stddev: null })
    expect(one(single, 'd').time).toEqual({ min: '1970-01-04', max: '1970-01-04' })
    expect(one(single, 't').time).toEqual({ min: '1970-01-01T00:00:00Z', max: '1970-01-01T00:00:00Z' })
    const p = await profile(tableOf({ same: ['float64', [2, 2, 2]], gaps: ['string', ['x', null, 'x']], none: ['float64', []], k: ['int64', ['1', '2', '3']] }), access) // biome-ignore format: one line
    expect(codes(p)).toEqual(['empty none', 'constant same', 'oneValue gaps'])
    expect(p.correlation.missing).toEqual([
      { column: 'same', reason: 'constant' },
      { column: 'none', reason: 'empty' },
    ])
    expect(p.correlation.values[0]).toEqual([null, null, null])
  })

  test('text: lengths in code points, white space, two spellings', async () => {
    const p = await profile(tableOf({ s: ['string', ['서울', 'seoul', 'Seoul ', '', '🚲🚲🚲', null]] }), access)
    expect(one(p, 's').text).toEqual({ shortest: 0, longest: 6, empty: 1, padded: 1, variants: [['Seoul ', 'seoul']] })
    expect(codes(p)).toEqual(['nulls s', 'untidy s'])
  })

  test('hostile names are only names', async () => {
    const name = `a"; DROP TABLE x; --<script>`
    const p = await profile(
      tableOf({ [name]: ['int64', ['1', '2']], c0: ['string', ["'", '"']], y: ['bool', [true, false]] }),
      access,
      { target: 'y' },
    )
    expect(p.columns.map((c) => c.name)).toEqual([name, 'c0', 'y'])
  })
})

describe('the target', () => {
  const x = Array.from({ length: 200 }, (_, i) => String(i))
  const late = x.map((v) => Number(v) >= 100)

  test('a column that decides it is a leak; a mirrored one is a twin', async () => {
    const p = await profile(
      tableOf({
        x: ['int64', x.map((v) => String(Math.floor(Number(v) / 2)))],
        twin: ['float64', x.map((v) => -Number(v))],
        noise: ['int64', x.map((v) => String((Number(v) * 37) % 5))],
        late: ['bool', late],
      }),
      access,
      { target: 'late' },
    )
    expect(p.target).toMatchObject({ column: 'late', kind: 'bool', count: 200, mean: 0.5 })
    expect(p.target?.features[0]).toMatchObject({ column: 'x', strength: 1 })
    expect(p.target?.features.find((f) => f.column === 'noise')?.strength).toBe(0)
    expect(codes(p)).toEqual(expect.arrayContaining(['leak x', 'twins x twin']))
    expect(p.target?.features[0]?.bins.map((b) => b.mean)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    const leak = checkColumns(p).find((c) => c.check === 'noLeak')
    expect(leak).toEqual({ check: 'noLeak', columns: 3, offenders: ['x', 'twin'] })
  })

  test('a number with a value a row, or a few rows a value, is as strong as what its tenths tell', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => i)
    const luck = (i: number) => ((((i + 1) * 2654435761) ^ (i << 7)) >>> 0) / 2 ** 32
    const p = await profile(
      tableOf({
        own: ['float64', many.map((i) => i + 0.5)],
        few: ['int64', many.map((i) => String(Math.floor(i / 3)))],
        said: ['float64', many.map((i) => (i * 1201) % 2000)],
        y: ['bool', many.map((i) => luck(i) < 0.2 + (0.4 * i) / 2000)],
      }),
      access,
      { target: 'y' },
    )
    const of = (name: string) => p.target?.features.find((f) => f.column === name)
    expect(of('own')?.strength).toBeCloseTo(of('own')?.correlation ?? 0, 1)
    expect(of('few')?.strength).toBeCloseTo(of('few')?.correlation ?? 0, 1)
    expect(of('own')?.strength).toBeGreaterThan(0.2)
    expect(of('said')?.strength).toBeLessThan(0.1)
    expect(p.warnings.map((w) => w.code)).not.toContain('leak')
  })

  test('a few values say nothing of how columns go together: of two every r is 1', async () => {
    const nine = Array.from({ length: 9 }, (_, i) => i)
    const made = (n: number) => ({
      a: ['float64', [...nine, n]] as const,
      b: ['float64', [...nine, n].map((v) => 2 * v)] as const,
    })
    const few = await profile(tableOf(made(Number.NaN)), access, { target: 'b' })
    expect(codes(few).filter((c) => /leak|twins/.test(c))).toEqual([])
    expect(codes(await profile(tableOf(made(9)), access, { target: null }))).toContain('twins a b')
  })

  test('correlation by hand, with gaps', async () => {
    const p = await profile(
      tableOf({ a: ['int64', ['1', '2', '3', '4']], b: ['float64', [2, 1, 4, 3]], c: ['float64', [1, null, 3, 2]] }),
      access,
    )
    expect(p.correlation.values[0]?.[1]).toBe(0.6)
    expect(p.correlation.values[0]?.[2]).toBe(0.654654)
  })

  test('a number, parts and weekdays', async () => {
    const hour = 3_600_000_000
    const at = x.map((v) => String(Number(v) * hour))
    const isLow = call('lt', col('y'), lit(100, 'float64'))
    const p = await profile(tableOf({ at: ['local timestamp', at], y: ['float64', x.map(Number)] }), access, {
      target: 'y',
      parts: { low: isLow },
    })
    expect(p.target).toMatchObject({ kind: 'number', mean: 99.5 })
    expect(p.parts).toEqual([
      { name: 'low', rows: 100, mean: 49.5 },
      { name: null, rows: 100, mean: 149.5 },
    ])
    // 1970-01-01 was a Thursday
    expect(p.calendar?.cells.find((c) => c.weekday === 4 && c.hour === 0)).toEqual({
      weekday: 4,
      hour: 0,
      count: 2,
      mean: 84,
    })
    expect(codes(p)).toContain('partShift y')
  })

  test('an unknown one is refused', async () => {
    await expect(profile(tableOf({ a: ['int64', ['1']] }), access, { target: 'b' })).rejects.toMatchObject({
      code: 'PLAN_UNKNOWN_COLUMN',
    })
  })

  test('the same table gives the same profile', async () => {
    const t = tableOf({ x: ['int64', x], late: ['bool', late], at: ['timestamp', x] })
    const [a, b] = [await profile(t, access, { target: 'late' }), await profile(t, access, { target: 'late' })]
    expect(JSON.stringify(a)).toBe(JSON.stringify(b))
  })
})
