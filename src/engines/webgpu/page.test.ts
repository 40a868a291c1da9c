import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { call, col, type Expr, FUNCTIONS, lit } from '../../plan/expr.ts'
import { writtenAs } from '../../plan/functions/written.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { createRowEngine } from '../row/index.ts'
import { createWebgpuEngine } from './index.ts'

const page = readFileSync(new URL('../../../docs/gpu.md', import.meta.url), 'utf8')
const engine = createWebgpuEngine({ host: createRowEngine({ tables: new Map([['t', []]]) }), memoryMiB: 64 })
const rows = build({
  op: 'scan',
  from: { kind: 'parquet', files: ['t'] },
  schema: [
    { name: 'x', type: 'float64', nullable: true },
    { name: 'at', type: 'local timestamp', nullable: true },
  ],
})
const [x, at] = [col('x'), col('at')]
const ARGUMENTS: readonly (readonly Expr[])[] = [
  [x],
  [x, x],
  [at],
  [at, lit(1, 'int64')],
  [at, lit('week', 'string')],
  [at, lit('%Y', 'string')],
]

test('the page of the device names the functions of numbers and times that it has not', () => {
  const made = (e: Expr): Node | undefined => {
    try {
      return build({ op: 'derive', input: rows, columns: [['y', e]] })
    } catch {
      return undefined // of other types
    }
  }
  const missing = FUNCTIONS.filter((fn) =>
    ARGUMENTS.some((args) => {
      const n = made(call(fn, ...args))
      const found = n ? engine.prepare(plan(n)) : []
      return (
        Array.isArray(found) && found.some((g: { reason: string }) => g.reason === 'the device has no such function')
      )
    }),
  )
  const [told = ''] = /\| functions of numbers, dates and times \|[^|]*\|/.exec(page) ?? []
  expect([...told.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()).toEqual(missing.map(writtenAs).sort())
})
