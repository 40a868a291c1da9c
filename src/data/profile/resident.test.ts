import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { type Batch, batchOf } from '../../engines/batch.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { type Engine, isGaps, type RunContext } from '../../engines/engine.ts'
import { createLedger, type Ledger } from '../../engines/ledger.ts'
import { rowsOf, runPlan } from '../../engines/plans.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { testDevice } from '../../engines/webgpu/learn/testing.ts'
import { call, col, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import type { Field, Type } from '../../plan/types.ts'
import { accessOf } from './access.ts'
import { differences } from './conformance.ts'
import { type ProfileOptions, profile } from './profile.ts'
import type { Resident } from './resident.ts'
import type { Profile } from './types.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-resident-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'spill') })
const webgpu = createWebgpuEngine({ host: duckdb, open: testDevice, memoryMiB: 512 })
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const context = (ledger: Ledger = createLedger()): RunContext => ({
  ...{ scope: { workspace: 'w', caller: 'test' }, signal: new AbortController().signal, ledger },
})
const access = accessOf({ ...context(), duckdb })

/** What was asked, and what moved for it. */
interface Told {
  readonly found: Profile
  readonly ledger: Ledger
  readonly elsewhere: readonly string[]
}
type Way = (table: Node, total: number, sample: number, options: ProfileOptions) => Promise<Told>

const gapOf = (engine: Engine) => (n: Node) => {
  const made = engine.prepare(plan(n))
  return isGaps(made) ? made.map((g) => `${g.node}: ${g.reason}`).join('; ') : undefined
}

async function told(table: Node, options: ProfileOptions, resident: Resident, ledger: Ledger): Promise<Told> {
  let elsewhere: readonly string[] = []
  const found = await profile(table, access, {
    ...options,
    resident: { ...resident, elsewhere: (columns) => void (elsewhere = columns) },
  })
  return { found, ledger, elsewhere }
}

/** Small results by the batch engine: the questions mean the same wherever they are asked. */
const inBatches: Way = async (table, total, sample, options) => {
  const ask: Resident['ask'] = async (questions) => {
    const found: Batch[] = []
    for (const { root } of questions) {
      const rows = await rowsOf({ ...context(), duckdb }, root)
      found.push(batchOf(root.schema, rows))
    }
    return found
  }
  return told(table, options, { rows: table, total, sample, gap: gapOf(duckdb), ask }, createLedger())
}

/** The table lies on the device, in columns that it holds; the ledger has what moves from there on. */
const onDevice: Way = async (table, total, sample, options) => {
  const held = table.schema.filter(
    (f) => !gapOf(webgpu)(build({ op: 'select', input: table, columns: [[f.name, col(f.name)]] })),
  )
  const kept = build({ op: 'select', input: table, columns: held.map((f) => [f.name, col(f.name)] as const) })
  const started = await webgpu.start(plan(kept), context(), { guesses: true, rows: total })
  const rows = webgpu.scan(started.relation, kept)
  const ledger = createLedger()
  let first = [started]
  const ask: Resident['ask'] = async (questions) => {
    const proving = first
    first = []
    const plans = questions.map(({ root }) => plan(root))
    return webgpu.together(
      plans,
      context(ledger),
      proving,
      questions.map((q) => q.most),
    )
  }
  try {
    return await told(table, options, { rows, total, sample, gap: gapOf(webgpu), ask }, ledger)
  } finally {
    webgpu.forget(rows)
    started.relation.close()
  }
}

let files = 0

/** Literals of the columns, one array each. NaN and ±∞ are numbers. */
function tableOf(columns: Readonly<Record<string, readonly [Type, readonly unknown[]]>>): Node {
  const schema: Field[] = Object.entries(columns).map(([name, [type]]) => ({ name, type, nullable: true }))
  const length = Math.max(...Object.values(columns).map(([, v]) => v.length))
  const rows = Array.from({ length }, (_, i) => Object.values(columns).map(([, v]) => (v[i] ?? null) as Literal))
  return build({ op: 'scan', from: { kind: 'rows', rows }, schema })
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const mixed = (i: number) => Math.sin(i * 3.7) * 1000

describe.each([
  ['the batch engine', inBatches],
  ['the device', onDevice],
] as const)('asked of %s', (_, way) => {
  const same = async (given: Node, total: number, sample: number, options: ProfileOptions = {}): Promise<Told> => {
    const file = join(folder, `${files++}.parquet`)
    await runPlan({ ...context(), duckdb }, given, { parquet: file })
    const table = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: given.schema })
    const here = await profile(table, access, options)
    const there = await way(table, total, sample, options)
    expect(here.rows).toBe(total)
    expect(differences(there.found, here, { sampled: total <= sample })).toEqual([])
    return there
  }

  test('numbers, truth, words and moments, few and many, with a target, parts and a calendar', async () => {
    const n = 5500
    const ids = range(n)
    const table = tableOf({
      same: ['float64', ids.map((i) => mixed(i % 4500))],
      own: ['float64', ids.map((i) => (i % 7 === 0 ? null : mixed(i)))],
      i: ['int64', ids.map((i) => String(Math.round(mixed(i) / 100)))],
      b: ['bool', ids.map((i) => (i % 11 === 0 ? null : mixed(i * 2) > 100))],
      s: ['string', ids.map((i) => (i % 13 === 0 ? null : ` w${i % 10} `))],
      t: ['timestamp', ids.map((i) => String(i * 60_000_000))],
      late: ['bool', ids.map((i) => mixed(i % 4500) + mixed(i * 5) > 100)],
    })
    const parts = { first: call('lt', col('i'), lit('0', 'int64')) }
    const { elsewhere } = await same(table, n, 1000, { target: 'late', parts, calendar: 't' })
    expect(elsewhere).toEqual([])
  }, 120_000)

  test('hostile columns: nothing there, NaN and infinities, one value, beyond 2⁵³, the largest doubles', async () => {
    const n = 5500
    const ids = range(n)
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, 0, -0]
    const table = tableOf({
      none: ['float64', []],
      noWord: ['string', []],
      noTime: ['timestamp', []],
      few: ['float64', ids.map((i) => odd[i % odd.length])],
      many: ['float64', ids.map((i) => (i % 50 < 3 ? odd[i % odd.length] : mixed(i)))],
      huge: ['float64', ids.map((i) => mixed(i) * 1e304)],
      one: ['int64', ids.map(() => '7')],
      big: ['int64', ids.map((i) => String(9007199254740993n + BigInt(i) * 1000n))],
      bigger: ['int64', ids.map((i) => String(i % 2 === 0 ? 9223372036854775807n : -9223372036854775808n))],
      day: ['date', ids.map((i) => i % 4000)],
      yes: ['bool', ids.map(() => true)],
      y: ['float64', ids.map((i) => (i % 10 < 6 ? odd[i % 6] : mixed(i * 2)))],
    })
    await same(table, n, 500, { target: 'y' })
  }, 120_000)

  test('ten thousand words come with their counts; a table that is no larger than the sample comes whole', async () => {
    const words = range(12_000).map((i) => `${i % 10_000} ${'ab가'.repeat(i % 5)}`)
    await same(tableOf({ words: ['string', words] }), 12_000, 1000)
    const few = { i: 'int64', f: 'float64', s: 'string', b: 'bool', t: 'timestamp', d: 'date' } as const
    const of = (rows: number) =>
      tableOf(
        Object.fromEntries(
          Object.entries(few).map(([name, type]) => [
            name,
            [type, range(rows).map((i) => ({ int64: String(i), float64: i / 2, string: `s${i}`, bool: i % 2 === 0, timestamp: String(i * 1e6), date: i })[type])] as const,
          ]),
        ),
      ) // biome-ignore format: one line
    await same(of(1), 1, 100, { target: 'b' })
    await same(of(40), 40, 100, { target: 'b' })
    await same(of(0), 0, 100, { target: 'b' })
  }, 120_000)

  test('what is not computed there is read of the table, and named', async () => {
    const ids = range(300)
    const table = tableOf({
      a: ['string', ids.map((i) => `a${i % 7}`)],
      list: ['bytes', ids.map((i) => (i % 3 === 0 ? null : '00ff'))],
      x: ['int64', ids.map((i) => String(i % 50))],
      late: ['bool', ids.map((i) => i % 3 === 0)],
    })
    const { elsewhere } = await same(table, 300, 100, { target: 'late' })
    expect(elsewhere).toEqual(['list'])
  }, 60_000)
})

test('of flights no row goes up for a profile, and six readbacks bring it, however many they are', async () => {
  const flights = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
  const types = { date: 'local timestamp', delay: 'int64', distance: 'int64', origin: 'string' } as const
  const of = async (rows: number) => {
    const file = join(folder, `${rows}.parquet`)
    await duckdb.session(context(), (query) =>
      query(`COPY (SELECT date, delay, distance, origin FROM read_parquet('${flights}') LIMIT ${rows}) TO '${file}' (FORMAT parquet)`),
    ) // biome-ignore format: one line
    const table = scan({ kind: 'parquet', files: [file] }, types).derive((r) => ({ late: r.delay.gt(15) })).node
    const options = { target: 'late', calendar: 'date' }
    const there = await onDevice(table, rows, 1000, options)
    expect(there.elsewhere).toEqual([])
    expect(differences(there.found, await profile(table, access, options), { sampled: false })).toEqual([])
    return there.ledger.total()
  }
  const [some, more] = [await of(5000), await of(50_000)]
  expect([some.readbacks, more.readbacks]).toEqual([6, 6])
  // places of kernels, and a word for each text that is put in order
  expect(more.up).toBeLessThan(16_384)
  expect(more.up - some.up).toBeLessThan(2048)
}, 120_000)
