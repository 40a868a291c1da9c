import { expect, test } from 'vitest'
import { waited } from './waiting.ts'

/** Rounds of the loop in 50 ms while something is waited for. */
async function rounds(software: boolean): Promise<number> {
  const done = Promise.withResolvers<string>()
  setTimeout(() => done.resolve('done'), 50)
  let [n, over] = [0, false]
  const round = (): void => {
    n++
    if (!over) setImmediate(round)
  }
  setImmediate(round)
  expect(await waited({ software }, done.promise)).toBe('done')
  over = true
  return n
}

test('the thread rests while a software driver computes, and not for a graphics card', async () => {
  // a tenth of a millisecond a round at least
  const resting = await rounds(true)
  expect(resting).toBeLessThan(1000)
  expect(await rounds(false)).toBeGreaterThan(resting)
})

test('what is waited for may fail', async () => {
  await expect(waited({ software: true }, Promise.reject(new Error('lost')))).rejects.toThrow('lost')
})
