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

test('what is tried beside a point is kept away from, as what was tried before', () => {
  const families = familiesFor('binary', 1000, 5, 1000).filter((f) => f.trainer === 'logistic')
  const family = families[0] ?? expect.unreachable()
  const tried: Tried[] = [0.2, 0.5, 0.8].map((u) => ({ family, point: [u], rung: 2, loss: Math.abs(u - 0.5) }))
  const random = randomsOf(3, 4)
  const round: { family: typeof family; point: readonly number[] }[] = []
  for (let i = 0; i < 8; i++) round.push(propose(tried, families, random, round))
  const own = round.map((p) => p.point[0] as number)
  const apart = (points: readonly number[]) => Math.min(...points.toSorted((a, b) => a - b).map((u, i, all) => (i === 0 ? 1 : u - (all[i - 1] as number)))) // biome-ignore format: one line
  const alone = Array.from({ length: 8 }, () => propose(tried, families, random).point[0] as number)
  expect(apart(own)).toBeGreaterThan(apart(alone))
})
