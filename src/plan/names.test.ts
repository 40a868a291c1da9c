import { describe, expect, test } from 'vitest'
import { count } from './aggregates.ts'
import { structOf } from './columns/combine.ts'
import { hours } from './durations.ts'
import { col } from './expr.ts'
import { loadPlan, savePlan } from './json/index.ts'
import { isLiteralOf } from './literal.ts'
import { build } from './nodes.ts'
import { writeRecord } from './record.ts'
import { scan } from './table.ts'
import type { Field, Type } from './types.ts'

const flights = scan(
  { kind: 'source', name: 'flights' },
  { date: 'local timestamp', delay: 'int64', origin: 'string', ok: 'bool' },
)
const code = (f: () => unknown): unknown => {
  try {
    f()
  } catch (e) {
    return e
  }
  throw new Error('it did not fail')
}

describe('names that are refused where a plan is built or loaded', () => {
  test('a column without a name, or of a name that engines use', () => {
    for (const name of ['', 'a\0b', '__w', '__order1_0', '__proto__']) {
      const wrong = { code: 'PLAN_INVALID', fix: 'choose another name', details: { column: name } }
      const given = (value: unknown) => Object.fromEntries([[name, value]]) as never
      expect(code(() => flights.derive((r) => given(r.delay)))).toMatchObject(wrong)
      expect(code(() => flights.rename({ ok: name }))).toMatchObject(wrong)
      expect(code(() => scan({ kind: 'source', name: 's' }, given('int64')))).toMatchObject(wrong)
      expect(code(() => flights.aggregate(['origin'], () => given(count())))).toMatchObject(wrong)
      const window = () => flights.rolling({ by: 'origin', on: 'date', over: hours(1) }, () => given(count()))
      expect(code(window)).toMatchObject(wrong)
      // a plan that was saved is no way round
      const schema = [{ name, type: 'int64', nullable: true }]
      const saved = { op: 'scan', from: { kind: 'source', name: 's' }, schema }
      expect(code(() => loadPlan({ format: 2, nodes: [saved] }))).toMatchObject({ ...wrong, details: { column: name, at: 'nodes[0]' } }) // biome-ignore format: one line
      const { nodes } = savePlan(flights.toPlan())
      const derived = { op: 'derive', input: nodes.length - 1, columns: [[name, { op: 'col', name: 'delay' }]] }
      expect(code(() => loadPlan({ format: 2, nodes: [...nodes, derived] }))).toMatchObject({ code: 'PLAN_INVALID' })
    }
  })
  test.each(['', 'a\0b'])('a node whose column no engine can write: %j', (name) => {
    const wrong = { code: 'PLAN_INVALID', details: { column: name } }
    const from = { kind: 'source', name: 's' } as const
    expect(code(() => build({ op: 'scan', from, schema: [{ name, type: 'int64', nullable: true }] }))).toMatchObject(wrong) // biome-ignore format: one line
    expect(code(() => build({ op: 'derive', input: flights.node, columns: [[name, col('ok')]] }))).toMatchObject(wrong)
  })
  test('fields of a struct whose names can not stand in one, wherever they come from', () => {
    const of = (...names: string[]): Type => ({ struct: names.map((name) => [name, 'int64'] as const) })
    const from = { kind: 'source', name: 's' } as const
    const cases = [
      [of('x', 'X'), { code: 'PLAN_DUPLICATE_COLUMN', why: expect.stringContaining('case') }],
      [of('x', 'x'), { code: 'PLAN_DUPLICATE_COLUMN' }],
      [of('x', ''), { code: 'PLAN_INVALID' }],
      [of('x', 'a\0b'), { code: 'PLAN_INVALID' }],
    ] as const
    for (const [struct, wrong] of cases)
      for (const type of [struct, { list: struct }, { struct: [['in', struct]] }] as Type[]) {
        expect(code(() => build({ op: 'scan', from, schema: [{ name: 'p', type, nullable: true }] }))).toMatchObject(wrong) // biome-ignore format: one line
        const literal = { op: 'derive', input: 0, columns: [['p', { op: 'lit', type, value: null }]] }
        const { nodes } = savePlan(flights.toPlan())
        expect(code(() => loadPlan({ format: 2, nodes: [...nodes, literal] }))).toMatchObject(wrong)
      }
    expect(code(() => scan(from, { p: { x: 'int64', X: 'int64' } }))).toMatchObject({ code: 'PLAN_DUPLICATE_COLUMN' })
    expect(code(() => flights.derive((r) => ({ p: structOf({ '': r.delay }) })))).toMatchObject({ code: 'PLAN_INVALID' }) // biome-ignore format: one line
    expect(build({ op: 'scan', from, schema: [{ name: 'p', type: of('x', 'y'), nullable: true }] }).op).toBe('scan')
  })
})

test('names that every object of JavaScript has are names like any others', () => {
  const names = ['constructor', 'toString', 'hasOwnProperty'] as const
  const all = scan({ kind: 'source', name: 's' }, Object.fromEntries(names.map((n) => [n, 'int64'])) as Record<string, 'int64'>) // biome-ignore format: one line
  expect(all.rename({ toString: 'text' }).schema.map((f) => f.name)).toEqual(['constructor', 'text', 'hasOwnProperty'])
  expect(all.select('constructor').schema).toHaveLength(1)
  expect(code(() => flights.derive((r) => ({ x: (r as never as { constructor: never }).constructor })))).toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' }) // biome-ignore format: one line
  expect(writeRecord(all.schema, { constructor: 1n })).toEqual({ constructor: 1, toString: null, hasOwnProperty: null })
  const place: Field = { name: 'p', type: { struct: [['toString', 'int64']] }, nullable: true }
  expect(writeRecord([place], { p: {} })).toEqual({ p: { toString: null } })
  expect(isLiteralOf({}, place.type)).toBe(true)
})
