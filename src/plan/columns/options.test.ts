import { expect, test } from 'vitest'
import { sum } from '../aggregates.ts'
import { scan } from '../table.ts'

const t = scan({ kind: 'source', name: 's' }, { n: 'int64', city: 'string', at: 'timestamp', tags: 'string[]' })
const any = (given: unknown) => given as never

test.each<[string, () => unknown, string, string]>([
  ['a reason', () => t.reject((r) => r.n.lt(0), any(undefined)), 'reject is given no reason', 'say it in words'],
  ['columns by name', () => t.derive((r) => any([r.n])), 'a callback gives a list', 'give an object'],
  ['notes', () => t.describe({ n: any('KRW') }), "describe of 'n' is given a string", '{ unit, description, tags }'],
  ['a note', () => t.describe({ n: any({ units: 'KRW' }) }), "describe of 'n' has no option 'units'", "mean 'unit'"],
  ['options', () => t.split({ a: 1 }, any(undefined)), 'split is given nothing for its options', '{ by, seed, name }'],
  ['an option', () => t.sample(0.1, any({ key: 'n' })), "sample has no option 'key'", 'use one of these'],
  [
    'how',
    () => t.join(t.select('n'), { n: 'n' }, any({ type: 'left' })),
    "join has no option 'type'",
    'use one of these',
  ],
  ['when', () => t.reject((r) => r.n.lt(0), 'x', any({ wen: 'always' })), "reject has no option 'wen'", "mean 'when'"],
  [
    'as of',
    () => t.asOf(t.select('n', 'at'), any({ by: 'n', at: 'at', on: 'at', witin: 1 })),
    "no option 'witin'",
    "mean 'within'",
  ],
  [
    'values',
    () => t.pivot(['n'], { key: 'city', values: any('Seoul') }, (r) => sum(r.n)),
    'takes a list of values',
    "['Seoul']",
  ],
  ['names', () => t.unpivot(any('n'), { name: 'a', value: 'b' }), 'takes a list of columns', "['n']"],
])('%s: what a call is given is told, with what it takes', (_, call, what, fix) => {
  expect(call).toThrow(
    expect.objectContaining({ what: expect.stringContaining(what), fix: expect.stringContaining(fix) }),
  )
})

test('options that are all there are taken, also those that say nothing', () => {
  expect(() => t.unnest('tags', any({ position: undefined }))).not.toThrow()
  expect(() => t.sort({ by: 'n', descending: false }).limit(1)).not.toThrow()
})
