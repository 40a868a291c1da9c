import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { printPlan } from '../../plan/print.ts'
import type { Schema, Type } from '../../plan/types.ts'
import { type Batch, batchOf, type Column, type Value, valueAt } from '../batch.ts'
import type { Tuple } from '../closures.ts'
import { compileColumns } from './columnar.ts'
import { expressions, rowWise, SCHEMA, tuples } from './generate.ts'
import { chainOf, lower, refused } from './lower.ts'
import { compileRecord } from './record.ts'

const models = (name: string): never => {
  throw new Error(name)
}
const programOf = (n: Node) => {
  const { base, chain } = chainOf(n)
  return lower(chain, base.schema)
}

/** Values by their type, as an output column has them: an integer that stands for a float is one. */
const shown = (v: Value, type: Type): string => {
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return String(v)
  const floats = type === 'float64' || type === 'float32' || type === 'int32' || type === 'date'
  return floats ? String(Number(v) + 0) : `${BigInt(v as bigint)}n`
}
const line = (row: readonly Value[], schema: Schema) =>
  row.map((v, i) => shown(v, schema[i]?.type ?? 'string')).join(' | ')

const outcome = <T>(f: () => T): T | string => {
  try {
    return f()
  } catch (thrown) {
    if (thrown instanceof GalleyError && thrown.code === 'VALUE_INVALID') return `failed: ${thrown.what}`
    throw thrown
  }
}

/** The same batch with texts as UTF-8 bytes. */
const asUtf8 = (batch: Batch): Batch => ({
  ...batch,
  columns: batch.columns.map((c): Column => {
    if (c.kind !== 'dictionary') return c
    const parts = Array.from({ length: c.length }, (_, i) => Buffer.from(String(valueAt(c, i) ?? '')))
    const offsets = Int32Array.from([
      0,
      ...parts.map((_, i) => parts.slice(0, i + 1).reduce((n, p) => n + p.length, 0)),
    ])
    return { kind: 'utf8', type: c.type, length: c.length, validity: c.validity, offsets, bytes: Buffer.concat(parts) }
  }),
})
const rowsIn = (batch: Batch): string[] =>
  Array.from({ length: batch.rows }, (_, i) =>
    line(
      batch.columns.map((c) => valueAt(c, i)),
      batch.schema,
    ),
  )

const records = (rows: readonly Tuple[]) =>
  rows.map((r) => Object.fromEntries(SCHEMA.map((f, i) => [f.name, r[i] ?? null])))

/** Runs a plan in every form over the same rows. */
function compare(root: Node, rows: readonly Tuple[]): void {
  const program = programOf(root)
  const exact = compileRecord(program, { models, closures: true })
  const record = compileRecord(program, { models })
  const batches = compileColumns(program, { models })
  const about = () => `${printPlan(root)}\n${record.source()}\n${batches.source()}`
  const each = (run: typeof exact.run) =>
    rows.map((row) =>
      outcome(() => {
        const out = run(row)
        return refused(out) ? `refused: ${out.reason}` : line(out, root.schema)
      }),
    )
  let want: string[]
  try {
    want = each(exact.run)
  } catch (thrown) {
    if (thrown instanceof RangeError) return // a calendar part of a moment that Date has no name for
    throw thrown
  }
  const got = each(record.run)
  if (got.join('\n') !== want.join('\n')) expect(got, about()).toEqual(want)
  const failure = want.find((w) => w.startsWith('failed'))
  const kept = failure ?? want.filter((w) => !w.startsWith('refused'))
  const batch = batchOf(SCHEMA, records(rows))
  for (const given of [batch, asUtf8(batch), batch]) {
    const out = outcome(() => rowsIn(batches.run(given)))
    if (JSON.stringify(out) !== JSON.stringify(kept)) expect(out, about()).toEqual(kept)
  }
}

const RECORD = build({ op: 'scan', from: { kind: 'record' }, schema: SCHEMA })
const KINDS = expressions()

describe('generated code means what the closures mean', () => {
  test('records and batches, over generated plans', { timeout: 120_000 }, () => {
    fc.assert(fc.property(rowWise, tuples, compare), { numRuns: 250, seed: 11 })
  })

  test('single expressions, of each kind', { timeout: 120_000 }, () => {
    for (const kind of Object.values(KINDS))
      fc.assert(
        fc.property(kind, tuples, (e, rows) => {
          const root = build({ op: 'select', input: RECORD, columns: [['v', e]] })
          compare(root, rows)
        }),
        { numRuns: 150, seed: 3 },
      )
  })

  test('without generating code', { timeout: 60_000 }, () => {
    const script = `
      import { createRowEngine } from './index.ts'
      import { isGaps } from '../engine.ts'
      import { plan } from '../../plan/nodes.ts'
      import { valueAt } from '../batch.ts'
      import { CASES } from '../conformance/cases/index.ts'
      const text = (v) => (v !== null && typeof v === 'object' ? Object.values(v).map(text).join('+') : typeof v + String(v === 0 ? 0 : v))
      let ran = 0
      try { new Function('1'); throw 'code generation is allowed' } catch (e) { if (!(e instanceof EvalError)) throw e }
      for (const c of CASES) {
        const prepared = createRowEngine().prepare(plan(c.plan))
        if (isGaps(prepared)) continue
        const show = (rows) => rows.map((r) => r.map(text).join()).sort().join(';')
        try {
          const relation = await prepared.run({ signal: new AbortController().signal }, 'batches')
          const rows = []
          for await (const b of relation.batches()) for (let i = 0; i < b.rows; i++) rows.push(b.columns.map((k) => valueAt(k, i)))
          if (c.fails || show(rows) !== show(c.gives)) throw new Error(c.name + ': ' + show(rows))
        } catch (e) { if (!c.fails || e.code !== c.fails) throw e }
        ran++
      }
      process.stdout.write('ran ' + ran)`
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, flags, { cwd, encoding: 'utf8' })).toMatch(/^ran [2-9]\d\d$/)
  })
})

describe('the compiler', () => {
  const int = (n: string): Expr => lit(n, 'int64')
  const one = (e: Expr, more: readonly (readonly [string, Expr])[] = []) =>
    build({ op: 'select', input: RECORD, columns: [['v', e], ...more] })
  const tuple = (values: Readonly<Record<string, Value>>): Tuple =>
    SCHEMA.map((f) => values[f.name] ?? (f.nullable ? null : f.type === 'string' ? '' : 0n))

  test('writes no text of a plan into source', () => {
    const evil = "');globalThis.broken=1;('`${1}\u2028"
    const e: Expr = {
      op: 'case',
      when: [[call('isIn', col('k'), lit(evil, 'string'), lit('b', 'string')), lit(evil, 'string')]],
      otherwise: call('concat', col('s'), lit(evil, 'string')),
    }
    const scan = build({
      op: 'scan',
      from: { kind: 'record' },
      schema: [...SCHEMA, { name: evil, type: 'int64', nullable: true }],
    })
    const kept = build({
      op: 'reject',
      input: scan,
      predicate: call('gt', col(evil), int('3')),
      reason: evil,
      when: 'always',
    })
    const program = programOf(build({ op: 'select', input: kept, columns: [[evil, e]] }))
    const record = compileRecord(program, { models })
    expect(record.run([...tuple({ k: evil }), 1n])).toEqual([evil])
    expect(record.run([...tuple({ k: 'a', s: '-' }), null])).toEqual([`-${evil}`])
    expect(record.run([...tuple({}), 4n])).toEqual({ reason: evil })
    for (const source of [record.source(), compileColumns(program, { models }).source()])
      expect(source).not.toMatch(/broken|globalThis|\u2028/)
  })

  test('a value beyond 2⁵³ runs as bigint, first by itself, then from the start', () => {
    const record = compileRecord(programOf(one(call('mul', col('i'), int('3')))), { models })
    expect(record.source()).not.toContain('0n')
    for (let k = 0; k < 40; k++) expect(record.run(tuple({ i: 9007199254740993n }))).toEqual([27021597764222979n])
    expect(record.source()).toContain('0n')
    expect(record.run(tuple({ i: 5n }))).toEqual([15n])
    expect(() => record.run(tuple({ i: 2n ** 62n }))).toThrowError('mul overflows int64')
  })

  test('a lookup of more keys than a function takes arguments is compiled', () => {
    const keys = Array.from({ length: 130_000 }, (_, i) => [`user-${i}`])
    const table = { keys, values: keys.map((_, i) => String(i)) }
    const e: Expr = { op: 'lookup', args: [col('k')], table, fallback: '-1', type: 'int64' }
    const program = programOf(build({ op: 'select', input: RECORD, columns: [['code', e]] }))
    const record = compileRecord(program, { models })
    expect(record.run(tuple({ k: 'user-129999' }))).toEqual([129_999n])
    expect(record.run(tuple({ k: 'nobody' }))).toEqual([-1n])
  })

  test('a failed value that nobody uses fails nothing; one that is used says why', () => {
    const half = call('intDiv', int('10'), col('i'))
    const kept = build({
      op: 'filter',
      input: build({ op: 'derive', input: RECORD, columns: [['h', half]] }),
      predicate: col('b'),
    })
    const used = build({ op: 'select', input: kept, columns: [['h', col('h')]] })
    const unused = build({ op: 'select', input: kept, columns: [['i', col('i')]] })
    const rows = [tuple({ i: 0n, b: false }), tuple({ i: 5n, b: true })]
    for (const closures of [false, true]) {
      expect(rowsIn(compileColumns(programOf(used), { models, closures }).run(batchOf(SCHEMA, records(rows))))).toEqual(
        ['2n'],
      )
      const zero = batchOf(SCHEMA, records([tuple({ i: 0n, b: true })]))
      expect(rowsIn(compileColumns(programOf(unused), { models, closures }).run(zero))).toEqual(['0n'])
      expect(() => compileColumns(programOf(used), { models, closures }).run(zero)).toThrowError('intDiv by zero')
    }
  })

  test('computes a function of one text column once a word, and keeps the table', () => {
    const run = compileColumns(
      programOf(one(call('length', call('lower', col('k'))), [['w', call('upper', col('k'))]])),
      { models },
    )
    expect(run.source()).not.toMatch(/toUpperCase|k\d+\(/)
    const batch = batchOf(SCHEMA, records([tuple({ k: 'Ab' }), tuple({}), tuple({ k: '😀' }), tuple({ k: 'Ab' })]))
    expect(rowsIn(run.run(batch))).toEqual(['2n | AB', 'null | null', '1n | 😀', '2n | AB'])
  })
})
