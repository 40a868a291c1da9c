import { describe, expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import { hours, minutes, seconds } from '../plan/durations.ts'
import { recipeOf } from './declared.ts'
import { hashRecipe, recipe } from './recipe.ts'
import { deadlineOf, runTimedOut, timedOut } from './timeouts.ts'

const made = (timeout?: ReturnType<typeof hours>) =>
  recipe('timed', (k) => {
    const options = timeout === undefined ? {} : { timeout }
    const raw = k.source('raw', csv('n.csv', { n: 'int64' }), options)
    k.dataset(
      'kept',
      k.step('half', raw, options).filter((r) => r.n.gt(1)),
      options,
    )
  })

describe('a step’s timeout', () => {
  test('stands beside what the step does, so that the recipe is the same one', () => {
    expect(made(minutes(10)).steps.map((s) => s.timeout)).toEqual([600_000, 600_000, 600_000])
    expect(made().steps.some((s) => 'timeout' in s)).toBe(false)
    expect([hashRecipe(made(hours(2))), hashRecipe(made(seconds(1)))]).toEqual([hashRecipe(made()), hashRecipe(made())])
    expect(made(hours(2)).steps.map((s) => s.spec)).toEqual(made().steps.map((s) => s.spec))
  })
  test('is a constant span of some time', () => {
    for (const wrong of [seconds(0), '10m', 600] as unknown as ReturnType<typeof hours>[])
      expect(() => made(wrong)).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', fix: expect.stringContaining('minutes(10)') })) // biome-ignore format: one line
    const misspelt = { timout: minutes(1) } as object
    expect(() => recipe('r', (k) => void k.source('raw', csv('n.csv', { n: 'int64' }), misspelt))).toThrow("source 'raw' has no option 'timout'") // biome-ignore format: one line
  })
  test('of a recipe that comes as JSON is checked', () => {
    const json = JSON.parse(JSON.stringify(made(minutes(1))))
    expect(recipeOf(json).steps[0]?.timeout).toBe(60_000)
    for (const timeout of [0, -1, 1.5, '1m', null, 1e300])
      expect(() => recipeOf({ ...json, steps: [{ ...json.steps[0], timeout }] })).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' })) // biome-ignore format: one line
  })
})

describe('a deadline', () => {
  test('is measured by the clock that nobody sets', async () => {
    let [now, ticks] = [0, 0]
    const clock = { now: () => now, ticks: () => ticks }
    const deadline = deadlineOf(clock, 5000, runTimedOut('r', 5000))
    now += 86_400_000
    ticks = 4999
    deadline.check()
    expect(deadline.signal.aborted).toBe(false)
    ticks = 5000
    await expect.poll(() => deadline.signal.aborted).toBe(true)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'RUN_TIMED_OUT', what: "the run of 'r' took longer than 5 s", status: 504 })) // biome-ignore format: one line
    expect(timedOut(AbortSignal.any([deadline.signal]))).toMatchObject({ code: 'RUN_TIMED_OUT' })
    deadline.close()
  })
  test('that has passed is seen where nothing had the time to look', () => {
    let ticks = 0
    const deadline = deadlineOf({ now: () => 0, ticks: () => ticks }, 10, runTimedOut('r', 10))
    ticks = 20
    expect(() => deadline.check()).toThrow('took longer than 10 ms')
    deadline.close()
  })
  test('none is none, and what else ends a signal is no time-out', () => {
    const none = deadlineOf({ now: () => 0, ticks: () => 1e12 }, null, runTimedOut('r', 0))
    none.check()
    expect([none.signal.aborted, timedOut(none.signal), timedOut(AbortSignal.abort(new Error('interrupted')))]).toEqual([false, undefined, undefined]) // biome-ignore format: one line
  })
})
