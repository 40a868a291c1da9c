import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runSteps } from './schedule.ts'
import type { Step } from './specs.ts'

const step = (id: string, ...inputs: string[]): Step => ({ id, kind: 'table', inputs, spec: {} })

test('a step begins once what it reads is done, however the steps hang together, and no more run than may', async () => {
  const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(graph, fc.integer({ min: 1, max: 4 }), async (reads, most) => {
      const steps = reads.map((r, i) => step(`s${i}`, ...(i === 0 ? [] : new Set(r.map((n) => `s${n % i}`)))))
      const done = new Set<string>()
      let running = 0
      let widest = 0
      await runSteps(steps, most, async ({ id, inputs }) => {
        expect(inputs.filter((input) => !done.has(input))).toEqual([])
        widest = Math.max(widest, ++running)
        await sleep(0)
        running--
        done.add(id)
      })
      expect(done.size).toBe(steps.length)
      expect(widest).toBeLessThanOrEqual(most)
    }),
    { numRuns: 50 },
  )
})

test('steps that do not wait for one another run at once', async () => {
  const met = Promise.withResolvers<void>()
  await runSteps([step('a'), step('b', 'a'), step('c', 'a')], 2, async ({ id }) => {
    if (id === 'c') met.resolve()
    if (id === 'b') await met.promise
  })
})

test('after a failure nothing begins, what is under way ends, and the first failure is told', async () => {
  const ended: string[] = []
  const steps = [step('a'), step('b'), step('c', 'b'), step('d')]
  await expect(
    runSteps(steps, 2, async ({ id }) => {
      if (id === 'a') throw new Error('a failed')
      await sleep(20)
      ended.push(id)
    }),
  ).rejects.toThrow('a failed')
  expect(ended).toEqual(['b'])
})

test('a step whose input never comes is named', async () => {
  const steps = [step('a'), step('b', 'c'), step('c', 'b')]
  await expect(runSteps(steps, 2, async () => {})).rejects.toMatchObject({ code: 'RECIPE_INVALID', why: "it reads 'c', which never comes" }) // biome-ignore format: one line
})
