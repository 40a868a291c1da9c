import { expect, test } from 'vitest'
import { call, col, lit } from '../plan/expr.ts'
import { build, type Node, plan } from '../plan/nodes.ts'
import { choose } from './choose.ts'
import { rowsOf } from './conformance/vectors.ts'
import type { Engine } from './engine.ts'
import { createReferenceEngine } from './reference/index.ts'
import { createRowEngine } from './row/index.ts'

const stats = { rows: 10, bytes: 100 }
const table = rowsOf({ k: 'string', i: 'int64' }, [['a', '1']])
const kept = build({ op: 'filter', input: table, predicate: call('gt', col('i'), lit('0', 'int64')) })
const counted: Node = build({ op: 'aggregate', input: table, by: ['k'], aggs: [['n', { fn: 'count', arg: null }]] })

test('the only engine that takes a plan is chosen, and the others say why not', () => {
  const choice = choose(plan(counted), [createRowEngine(), createReferenceEngine()], stats)
  expect(choice.engine).toBe('reference')
  expect(choice.reason).toContain('only engine')
  expect(choice.others).toMatchObject([{ engine: 'row', gaps: [{ node: 'aggregate' }] }])
})

test('of equal costs the first one named is chosen, of others the one that moves fewer bytes', () => {
  const row = createRowEngine()
  const reference = createReferenceEngine()
  expect(choose(plan(kept), [reference, row], stats).engine).toBe('reference')
  const far: Engine = {
    ...reference,
    prepare(p) {
      const prepared = reference.prepare(p)
      return 'run' in prepared ? { ...prepared, estimate: (s) => ({ ...s, moved: 1000 }) } : prepared
    },
  }
  const choice = choose(plan(kept), [far, row], stats)
  expect(choice.engine).toBe('row')
  expect(choice.reason).toContain('moves the fewest bytes')
})

test('where none can, the error names what each lacks', () => {
  const unbound = build({ op: 'scan', from: { kind: 'source', name: 't' }, schema: table.schema })
  expect(() => choose(plan(unbound), [createRowEngine(), createReferenceEngine()], stats)).toThrow(
    expect.objectContaining({ code: 'ENGINE_GAP', why: expect.stringMatching(/row: scan: .*reference: scan: /) }),
  )
})
