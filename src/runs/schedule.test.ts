import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Ended, runSteps } from './schedule.ts'
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
        return 'done'
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
    return 'done'
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
      return 'done'
    }),
  ).rejects.toThrow('a failed')
  expect(ended).toEqual(['b'])
})

test('a step whose input never comes is named', async () => {
  const steps = [step('a'), step('b', 'c'), step('c', 'b')]
  await expect(runSteps(steps, 2, async () => 'done')).rejects.toMatchObject({ code: 'RECIPE_INVALID', why: "it reads 'c', which never comes" }) // biome-ignore format: one line
})

const on = (s: Step, is: NonNullable<Step['after']>[number]['is'], ...of: string[]): Step => ({
  ...s,
  after: [...(s.after ?? []), { of, is }],
})

/** Runs steps that end as they are said to; gives what ran and what became of the others. */
async function ran(steps: readonly Step[], how: Readonly<Record<string, Ended | Error>> = {}) {
  const begun: string[] = []
  const ended = await runSteps(
    steps,
    2,
    async ({ id }) => {
      begun.push(id)
      const end = how[id] ?? 'done'
      if (end instanceof Error) throw end
      return end
    },
    { handles: (thrown) => (thrown as Error).message !== 'stop' },
  )
  return { begun, ...ended }
}
const either = (id: string, ...inputs: string[]): Step => ({ ...step(id, ...inputs), kind: 'either' })

test('of two branches the one is run whose condition came out so, and what reads the other is skipped with it', async () => {
  const steps = [
    step('asked'),
    on(step('a', 'asked'), 'holds', 'asked'),
    on(step('b', 'asked'), 'fails', 'asked'),
    step('of-b', 'b'),
    either('one', 'a', 'b'),
    step('last', 'one'),
  ]
  expect(await ran(steps, { asked: 'holds' })).toMatchObject({ begun: ['asked', 'a', 'one', 'last'], skipped: ['b', 'of-b'] }) // biome-ignore format: one line
  expect(await ran(steps, { asked: 'fails' })).toMatchObject({ begun: ['asked', 'b', 'of-b', 'one', 'last'], skipped: ['a'] }) // biome-ignore format: one line
})

test('a branch within a branch that is not taken is skipped, whatever its own condition would say', async () => {
  const inner = on(on(step('inner-asked'), 'holds', 'asked'), 'holds', 'asked')
  const steps = [step('asked'), inner, on(on(step('deep'), 'holds', 'asked'), 'fails', 'inner-asked')]
  expect(await ran(steps, { asked: 'fails' })).toMatchObject({ begun: ['asked'], skipped: ['inner-asked', 'deep'] })
})

test('where a step fails another stands in; without a failure it is skipped, and what nobody stands in for ends the run', async () => {
  const steps = [
    step('first'),
    step('then', 'first'),
    on(step('instead'), 'failed', 'first', 'then'),
    either('one', 'then', 'instead'),
  ]
  expect(await ran(steps)).toMatchObject({ begun: ['first', 'then', 'one'], skipped: ['instead'], failed: [] })
  const failing = await ran(steps, { first: new Error('gone') })
  expect(failing).toMatchObject({ begun: ['first', 'instead', 'one'], skipped: ['then'], failed: ['first'] })
  await expect(ran(steps, { first: new Error('stop') })).rejects.toThrow('stop')
  await expect(ran(steps, { first: new Error('gone'), instead: new Error('gone too') })).rejects.toThrow('gone too')
})

test('what gives the rows of either waits until it is known that what stands in is not to', async () => {
  const steps = [step('table'), step('beside', 'table'), on(step('instead'), 'failed', 'table', 'beside'), either('one', 'table', 'instead')] // biome-ignore format: one line
  expect((await ran(steps)).begun).toEqual(['table', 'beside', 'one'])
  expect((await ran(steps, { beside: new Error('gone') })).begun).toEqual(['table', 'beside', 'instead', 'one'])
})

test('what waits for an approval keeps what is behind it waiting, and nothing else', async () => {
  const steps = [
    step('a'),
    step('ok', 'a'),
    on(step('behind'), 'done', 'ok'),
    step('beside', 'a'),
    either('x', 'behind'),
  ]
  expect(await ran(steps, { ok: 'waits' })).toMatchObject({ begun: ['a', 'ok', 'beside'], skipped: [], waiting: ['ok'] }) // biome-ignore format: one line
})

test('what ended before is not run again', async () => {
  const before = new Map([
    ['a', 'done'],
    ['asked', 'fails'],
    ['no', 'skipped'],
  ] as const)
  const begun: string[] = []
  const steps = [step('a'), step('asked', 'a'), on(step('no', 'a'), 'holds', 'asked'), on(step('yes', 'a'), 'fails', 'asked')] // biome-ignore format: one line
  await runSteps(steps, 2, async ({ id }) => { begun.push(id); return 'done' }, {}, before) // biome-ignore format: one line
  expect(begun).toEqual(['yes'])
})
