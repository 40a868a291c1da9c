import { expect, test } from 'vitest'
import { randomsOf } from '../../base/random.ts'
import { propose, type Tried } from './propose.ts'
import { familiesFor } from './space.ts'

test('a parameter alone is soon known: what is next to a point that was tried is left for others', () => {
  const families = familiesFor('binary', 1000, 5, 1000).filter((f) => f.trainer === 'logistic' || f.trainer === 'gbdt')
  const random = randomsOf(1, 2)
  const tried: Tried[] = []
  for (let i = 0; i < 80; i++) {
    const next = propose(tried, families, random)
    // logistic is the better one, best in the middle
    const loss = next.family.trainer === 'logistic' ? ((next.point[0] as number) - 0.5) ** 2 : 1
    tried.push({ ...next, rung: 2, loss })
  }
  const own = tried.filter((t) => t.family.trainer === 'logistic').map((t) => t.point[0] as number)
  const twins = own.filter((u, i) => own.slice(0, i).some((other) => Math.abs(u - other) < 0.02)).length
  // of those that are drawn anywhere some may be
  expect(twins).toBeLessThan(own.length / 4)
  expect(own.filter((u) => Math.abs(u - 0.5) < 0.1).length).toBeGreaterThan(5)
  expect(tried.length - own.length).toBeGreaterThan(15)
})
