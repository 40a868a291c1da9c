import { expect, test } from 'vitest'
import { randomOf } from '../../training/conformance.ts'
import { rulesOf } from './rules.ts'
import { frequentSets } from './tree.ts'

const random = randomOf(4)
const WIDTH = 9
/** Baskets in which low ranks are common. */
const baskets = Array.from({ length: 300 }, () => Array.from({ length: WIDTH }, (_, i) => i).filter((i) => random() < 0.6 / (1 + i / 3))) // biome-ignore format: one line
const given = {
  items: Int32Array.from(baskets.flat()),
  starts: Int32Array.from([0, ...baskets.map((_, i) => baskets.slice(0, i + 1).flat().length)]),
}

test('frequent sets are those that counting every set gives', () => {
  const found = [...frequentSets(given, WIDTH, 12, WIDTH)].filter((s) => s !== undefined)
  const counted: [number[], number][] = []
  for (let mask = 1; mask < 2 ** WIDTH; mask++) {
    const items = Array.from({ length: WIDTH }, (_, i) => i).filter((i) => (mask >> i) & 1)
    const count = baskets.filter((b) => items.every((i) => b.includes(i))).length
    if (count >= 12) counted.push([items, count])
  }
  const text = (sets: readonly (readonly [readonly number[], number])[]) => sets.map(([items, n]) => `${items} ${n}`).sort() // biome-ignore format: one line
  expect(text(found)).toEqual(text(counted))
  expect(found.length).toBeGreaterThan(40)
  const pairs = [...frequentSets(given, WIDTH, 12, 2)].filter((s) => s !== undefined)
  expect(text(pairs)).toEqual(text(counted.filter(([items]) => items.length <= 2)))
})

test('measures of a rule are what they are defined as', () => {
  const sets = [[[0], 50], [[1], 40], [[0, 1], 30], [[2], 10], [[0, 2], 10]] as const // biome-ignore format: one line
  const rules = [...rulesOf(sets, 100, { confidence: 0.7, lift: 0 })]
  expect(rules).toHaveLength(2)
  expect(rules[0]).toMatchObject({ antecedent: [1], consequent: [0], count: 30, support: 0.3, confidence: 0.75, lift: 1.5, conviction: 2 }) // biome-ignore format: one line
  expect(rules[0]?.leverage).toBeCloseTo(0.1, 15)
  expect(rules[1]).toMatchObject({ antecedent: [2], consequent: [0], confidence: 1, conviction: Infinity })
})
