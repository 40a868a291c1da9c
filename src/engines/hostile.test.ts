import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { AGGREGATES, FUNCTIONS } from '../plan/expr.ts'
import { loadPlan } from '../plan/json/index.ts'
import { collect } from './conformance/compare.ts'
import { createDuckdbEngine } from './duckdb/index.ts'
import type { Engine } from './engine.ts'
import { createReferenceEngine } from './reference/index.ts'
import { createRowEngine } from './row/index.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-hostile-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp })
const engines: readonly Engine[] = [createReferenceEngine(), createRowEngine(), duckdb]
afterAll(async () => {
  await duckdb.close()
  rmSync(temp, { recursive: true, force: true })
})

type Json = Readonly<Record<string, unknown>>
/** A column of each kind of type, and a value of it as plans hold it. */
const COLUMNS: readonly (readonly [name: string, type: unknown, value: unknown])[] = [
  ['yes', 'bool', true],
  ['small', 'int32', 3],
  ['n', 'int64', '5'],
  ['x', 'float64', 2.5],
  ['single', 'float32', 0.5],
  ['price', { decimal: [9, 2] }, '1.25'],
  ['s', 'string', '2001-02-03'],
  ['raw', 'bytes', 'AQID'],
  ['day', 'date', 11_000],
  ['at', 'timestamp', '1000000000000000'],
  ['wall', 'local timestamp', '1000000000000000'],
  ['took', 'duration', '1000000'],
  ['tags', { list: 'string' }, ['a', 'b']],
  ['place', { struct: [['lat', 'float64']] }, { lat: 1.5 }],
]
const schema = COLUMNS.map(([name, type]) => ({ name, type, nullable: true }))
const rows = [COLUMNS.map(([, , value]) => value), COLUMNS.map(() => null)]
const scan = { op: 'scan', from: { kind: 'rows', rows }, schema }
const ARGS: readonly Json[] = [
  ...COLUMNS.map(([name]) => ({ op: 'col', name })),
  ...COLUMNS.map(([, type, value]) => ({ op: 'lit', type, value })),
  { op: 'lit', type: 'string', value: null },
  { op: 'lit', type: 'string', value: '(' },
  { op: 'lit', type: 'string', value: 'day' },
  { op: 'lit', type: 'int64', value: '-1' },
]

/** What a plan of any origin does to Galley: it runs, or says what is wrong; nothing else comes out of it. */
async function tried(node: Json): Promise<'ran' | 'refused'> {
  try {
    const { root } = loadPlan({ format: 2, nodes: [scan, { input: 0, ...node }] })
    for (const engine of engines)
      await collect(engine, root).catch((thrown: unknown) => {
        if (thrown instanceof GalleyError) return
        if (thrown instanceof Error && thrown.message.startsWith('gap: ')) return
        throw thrown
      })
    return 'ran'
  } catch (thrown) {
    if (!(thrown instanceof GalleyError))
      throw new Error(`${JSON.stringify(node)}: ${String(thrown)}`, { cause: thrown })
    expect(thrown.code).toMatch(/^(PLAN|VALUE)_/)
    return 'refused'
  }
}

/** Tries of each function; more of them by `GALLEY_HOSTILE_RUNS`. */
const RUNS = Number(process.env['GALLEY_HOSTILE_RUNS'] ?? 25)

/** A number sequence that repeats. */
function lottery(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

test('every function with any number of arguments of any type runs, or is refused with a clear error', async () => {
  const draw = lottery(7)
  const arg = () => ARGS[draw(ARGS.length)] as Json
  const found = { ran: 0, refused: 0 }
  for (const fn of FUNCTIONS)
    for (let i = 0; i < RUNS; i++) {
      const e = { op: 'call', fn, args: Array.from({ length: i % 4 === 0 ? draw(5) : 1 + (i % 3) }, arg) }
      found[await tried({ op: 'derive', columns: [['out', e]] })]++
    }
  expect(found.ran).toBeGreaterThan(RUNS)
  expect(found.refused).toBeGreaterThan(RUNS)
}, 120_000)

test('so do casts, cases, lookups, aggregates and windows', async () => {
  const draw = lottery(11)
  const of = <T>(list: readonly T[]): T => list[draw(list.length)] as T
  const arg = () => of(ARGS)
  const value = () => of(COLUMNS)[2]
  const name = () => of(COLUMNS)[0]
  const type = () => of(COLUMNS)[1]
  const many = <T>(most: number, make: () => T): T[] => Array.from({ length: draw(most + 1) }, make)
  const agg = () => ({
    fn: of(AGGREGATES),
    arg: draw(4) === 0 ? null : arg(),
    ...(draw(3) === 0 ? { arg2: arg() } : {}),
    ...(draw(3) === 0 ? { param: of([0, 0.5, 1, 2, -1, 1e300]) } : {}),
  })
  const derive = (e: Json) => ({ op: 'derive', columns: [['out', e]] })
  const makers: readonly (() => Json)[] = [
    () => derive({ op: 'cast', arg: arg(), to: type(), onError: of(['fail', 'null']) }),
    () => derive({ op: 'case', when: many(2, () => [arg(), arg()]), otherwise: arg() }),
    () => {
      const keys = many(3, () => many(2, value))
      const table = { keys, values: keys.map(value) }
      return derive({ op: 'lookup', args: many(2, arg), table, fallback: of([null, value()]), type: type() })
    },
    () => ({ op: 'aggregate', by: many(2, name), aggs: many(2, () => [`a${draw(3)}`, agg()]) }),
    () => ({ op: 'rolling', by: many(2, name), on: name(), over: of([0, 1, 1e15, -1]), aggs: [['w', agg()]] }),
    () => ({ op: 'filter', predicate: arg() }),
    () => ({ op: 'sort', keys: many(2, () => ({ by: arg(), descending: of([true, false]) })) }),
    () => ({ op: 'unnest', column: name(), as: of(['item', name()]) }),
    () => ({ op: 'limit', count: of([0, 1, -1, 1.5, 1e300]) }),
  ]
  const found = { ran: 0, refused: 0 }
  for (let i = 0; i < 20 * RUNS; i++) found[await tried(of(makers)())]++
  expect(found.ran).toBeGreaterThan(RUNS)
  expect(found.refused).toBeGreaterThan(RUNS)
}, 120_000)
