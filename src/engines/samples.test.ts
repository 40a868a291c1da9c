import { expect, test } from 'vitest'
import { table } from '../plan/table.ts'
import { collect } from './conformance/compare.ts'
import { rowsOf } from './conformance/vectors.ts'
import { createReferenceEngine } from './reference/index.ts'

test('a sample and a split by one key do not hang together: each part has its share of the sample', async () => {
  const ids = table<{ id: 'int64' }>(rowsOf({ id: 'int64' }, Array.from({ length: 4000 }, (_, i) => [String(i)]))) // biome-ignore format: one line
  const parts = ids.sample(0.5, { by: 'id' }).split({ train: 0.6, validate: 0.2, test: 0.2 }, { by: 'id' })
  const rows = await collect(createReferenceEngine(), parts.node)
  const share = (part: string) => rows.filter((r) => r[1] === part).length / rows.length
  expect(Math.abs(rows.length - 2000)).toBeLessThan(150)
  for (const [part, wanted] of [['train', 0.6], ['validate', 0.2], ['test', 0.2]] as const) // biome-ignore format: one line
    expect(Math.abs(share(part) - wanted)).toBeLessThan(0.05)
})
