import { expect, test } from 'vitest'
import { createRenderer } from '../analysis/render.ts'
import { dependence } from './charts.ts'

test.each([
  ['years', [1985, 2021], '2000'],
  ['small numbers', [0.1, 0.4], '0.2'],
  ['large ones', [100_000, 400_000], '200k'],
])('dependence on %s is labelled as people write them', async (_, [from = 0, to = 0], label) => {
  const draw = await createRenderer()
  const points = [from, to].map((x) => ({ x, mean: 5, low: 4, high: 6 }))
  expect((await draw(dependence({ feature: 'x', points }), 'x')).markup).toContain(`>${label}<`)
})
