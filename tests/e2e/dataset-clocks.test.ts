import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { csv, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { openStore } from '../../src/store/store.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const DAY = 86_400_000
const EACH = 4

test('two publishers whose clocks are two days apart: each row once, versions without gaps, the newest is the last', async () => {
  const publisher = async (name: string, off: number) => {
    const clock = { ...systemClock, now: () => Date.now() + off }
    const store = await openStore({ home: w.home, clock })
    try {
      const ware = { ...w.galley.ware, store, clock }
      for (let i = 0; i < EACH; i++) {
        const file = join(w.folder, `${name}-${i}.csv`)
        writeFileSync(file, `id\n${name}-${i}\n`)
        const made = recipe(`adds-${name}`, (k) => void k.dataset('both', k.source('lines', csv(file, { id: 'string' })), { write: 'append' })) // biome-ignore format: one line
        await run(ware, await w.galley.scope(), made, { folder: w.folder, signal, on: () => {} })
      }
    } finally {
      await store.close()
    }
  }
  await Promise.all([publisher('ahead', DAY), publisher('behind', -DAY)])
  const wanted = ['ahead', 'behind'].flatMap((name) => Array.from({ length: EACH }, (_, i) => `${name}-${i}`))
  expect((await w.rows('both')).toSorted()).toEqual(wanted)
  const { items } = await w.client.datasets.versions({ name: 'both', limit: 100 })
  expect(items.map((v) => [v.version, v.rows])).toEqual(wanted.map((_, i) => [2 * EACH - i, 2 * EACH - i]))
  expect(items.some((v, i) => v.created < (items[i + 1]?.created ?? 0))).toBe(true)
}, 120_000)
