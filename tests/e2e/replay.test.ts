import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import { type Replayed, replay } from '../../src/runs/replay/replay.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import { galley as command } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'
import { orders, writeOrders } from './small.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const again = async (which: number) => {
  const told: Replayed[] = []
  const found = await replay(w.galley.ware, await w.galley.scope(), which, { signal, on: (s) => void told.push(s) })
  expect(new Set(told)).toEqual(new Set(found.steps))
  return { identical: found.identical, states: Object.fromEntries(found.steps.map((s) => [s.step, s.state])), steps: found.steps } // biome-ignore format: one line
}

/** Writes over the recipe that a run had: what no command does. */
async function forge(number: number, change: (recipe: string) => string): Promise<void> {
  const { home } = w.galley.store
  const share = await joinServer(home.postgres, join(home.logs, 'postgres.log'))
  const database = new pg.Client({ ...share.connection })
  await database.connect()
  try {
    const { rows } = await database.query<{ recipe: string }>('select recipe_json::text as recipe from runs where number = $1', [number]) // biome-ignore format: one line
    await database.query('update runs set recipe_json = $1 where number = $2', [change(rows[0]?.recipe ?? ''), number])
  } finally {
    await database.end()
    await share.close()
  }
}

test('sources, tables, features, report and model come out the same to the bit; the endpoint is left alone', async () => {
  writeOrders(w.folder)
  const first = await w.ran(orders())
  const versions = () => w.client.datasets.versions({ name: 'small-features', limit: 50 })
  const before = await versions()
  const found = await again(first.number)
  expect(found).toMatchObject({ identical: true, states: { orders: 'read', 'small-features': 'same' } })
  expect(new Set(Object.values(found.states))).toEqual(new Set(['read', 'same', 'apart']))
  expect(await versions()).toEqual(before)
  expect((await w.client.runs.list({ limit: 50 })).items).toHaveLength(1)
})

test('a write that went on from a version goes on from that version, whatever came since', async () => {
  const columns = { id: 'int64', n: 'int64' } as const
  const numbers: number[] = []
  for (const lines of ['1,1\n2,2\n', '3,3\n', '3,3\n', '4,4\n']) {
    writeFileSync(join(w.folder, `log-${numbers.length}.csv`), `id,n\n${lines}`)
    const made = recipe('logs', (k) => {
      k.dataset('log', k.source('lines', csv(`log-${numbers.length}.csv`, columns)), { write: 'append' })
    })
    numbers.push((await w.ran(made)).number)
  }
  for (const number of numbers)
    expect(await again(number)).toMatchObject({ identical: true, states: { lines: 'read', log: 'same' } })
  expect(await w.rows('log')).toEqual(['1,1', '2,2', '3,3', '4,4'])
})

test('what differs is told by its first row and column, and what is made of it by that', async () => {
  writeFileSync(
    join(w.folder, 'm.csv'),
    `city,minutes\n${Array.from({ length: 40 }, (_, i) => `서울,${i}\n`).join('')}`,
  )
  const made = recipe('minutes', (k) => {
    const raw = k.source('m', csv('m.csv', { city: 'string', minutes: 'int64' }))
    const late = k.step(
      'late',
      raw.derive((r) => ({ late: r.minutes.gt(15) })),
    )
    k.dataset(
      'late-ones',
      late.filter((r) => r.late),
    )
  })
  const { number } = await w.ran(made)
  expect((await again(number)).identical).toBe(true)
  await forge(number, (text) => text.replace('"value":"15"', '"value":"16"').replace('"value":15', '"value":16'))
  const found = await again(number)
  expect(found).toMatchObject({ identical: false, states: { m: 'read', late: 'differs', 'late-ones': 'differs' } })
  expect(found.steps.map((s) => s.says)).toEqual([
    undefined,
    "first in row 17, column 'late': true → false",
    "24 rows then, 23 rows now; first in row 1, column 'minutes': 16 → 17 (made of 'late', which differs)",
  ])
})

test('a file that is no longer as it was read, a run that failed, a command', async () => {
  const file = join(w.folder, 'p.csv')
  const made = recipe('places', (k) => {
    k.dataset('places', k.source('p', csv('p.csv', { n: 'int64' })))
  })
  writeFileSync(file, 'n\n1\n')
  const { number } = await w.ran(made)
  const text = readFileSync(file)
  writeFileSync(file, 'n\n2\n')
  await expect(again(number)).rejects.toMatchObject({ code: 'SOURCE_MISSING', what: expect.stringContaining("'p' gave in run") }) // biome-ignore format: one line
  writeFileSync(file, text)
  expect((await again(number)).identical).toBe(true)
  writeFileSync(file, 'n\nx\n')
  await expect(w.ran(made)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  await expect(again(number + 1)).rejects.toMatchObject({ code: 'STEP_FAILED', what: expect.stringContaining('is failed') }) // biome-ignore format: one line
  writeFileSync(file, text)
  const done = await command(w.home, 'run', '--replay', String(number), '--json')
  expect([done.code, JSON.parse(done.out).identical]).toEqual([0, true])
  expect(done.err).toContain('= dataset  places')
  const both = await command(w.home, 'run', 'recipe.ts', '--replay', '1')
  expect(both).toMatchObject({ code: 2, err: expect.stringContaining('a replay takes no recipe') })
}, 60_000)

test('a report comes out the same: it tells of the version that the run had', async () => {
  writeFileSync(
    join(w.folder, 'told.csv'),
    `n,city\n${Array.from({ length: 50 }, (_, i) => `${i},c${i % 3}\n`).join('')}`,
  )
  const { number } = await w.ran(
    recipe('told', (k) => {
      k.analyse(k.dataset('told', k.source('lines', csv('told.csv', { n: 'int64', city: 'string' }))))
    }),
  )
  expect(await again(number)).toMatchObject({ identical: true, states: { told: 'same', 'told-report': 'same' } })
})
