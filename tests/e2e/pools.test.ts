import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { work } from '../../src/runs/worker.ts'
import { galley as command, type Ended } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-pools-'))
beforeAll(async () => {
  w = await openWritten()
}, 120_000)
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const galley = (...args: string[]): Promise<Ended> => command(w.home, ...args)
function recipe(name: string): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(
    file,
    `import { generate, recipe, values } from 'galley'
export default recipe('${name}', (k) => {
  k.dataset('${name}', k.source('${name}-rows', generate('${name}', { rows: 20_000, columns: { id: values.sequence() } })))
})
`,
  )
  return file
}

/** Has several workers do all that waits, and gives how many jobs ran at once at most, of each pool and recipe. */
async function worked(workers: number): Promise<Record<string, number>> {
  const scope = await w.galley.scope()
  const most: Record<string, number> = {}
  const on = async () => {
    const running = (await w.galley.store.jobs.list(scope, { status: 'running' })).items
    for (const by of [(j: (typeof running)[0]) => j.pool, (j: (typeof running)[0]) => j.recipe])
      for (const [name, all] of Object.entries(Object.groupBy(running, (j) => by(j) ?? '')))
        most[name] = Math.max(most[name] ?? 0, all?.length ?? 0)
  }
  const one = async () => {
    const options = { tags: [], signal: new AbortController().signal, on: () => void on(), say: () => {} }
    while ((await w.client.jobs.list({})).items.some((j) => j.status === 'queued' || j.status === 'running'))
      await work(w.galley.ware, scope, { ...options, untilEmpty: true })
  }
  await Promise.all(Array.from({ length: workers }, one))
  return most
}

test('pools and jobs of one recipe: as many at once as said, over all workers; jobs of a full pool hold up nothing', async () => {
  expect(await galley('run', recipe('a'), '--queue', '--pool', 'lake')).toMatchObject({ code: 2, err: expect.stringContaining('galley pools set lake --slots 1') }) // biome-ignore format: one line
  expect(await galley('run', recipe('a'), '--pool', 'lake')).toMatchObject({ code: 2, err: expect.stringContaining('--pool says something of a job') }) // biome-ignore format: one line
  expect(await galley('run', recipe('a'), '--max-active', '1')).toMatchObject({ code: 2, err: expect.stringContaining('--max-active says') }) // biome-ignore format: one line
  expect(await galley('pools', 'set', 'lake', '--slots', '1.5')).toMatchObject({ code: 2 })
  expect(await galley('pools', 'set', 'lake', '--slots', '2')).toMatchObject({ code: 0, out: 'lake  0 of 2 slots taken, 0 waiting\n' }) // biome-ignore format: one line
  expect(await galley('run', recipe('a'), '--queue', '--pool', 'lake', '--priority', '5')).toMatchObject({ code: 0 })
  const scope = await w.galley.scope()
  const {
    recipe: name,
    recipeJson,
    folder: at,
    engine,
    priority,
    tags,
    mostAttempts,
    pool,
  } = await w.galley.store.jobs.get(scope, 1)
  const as = { recipe: name, recipeJson, folder: at, engine, priority, tags, mostAttempts, pool }
  for (let i = 0; i < 5; i++) await w.galley.store.jobs.queue(scope, as)
  for (let i = 0; i < 4; i++) await w.galley.store.jobs.queue(scope, { ...as, recipe: 'b', pool: null, maxActive: 1, priority: 0 }) // biome-ignore format: one line
  expect((await galley('pools', 'ls')).out).toMatch(/lake +2 +0 +6/)
  expect((await galley('jobs', 'show', '1')).out).toContain("it takes a slot of the pool 'lake': 0 of 2 are taken")
  const most = await worked(4)
  expect([most['lake'], most['b']]).toEqual([2, 1])
  expect((await w.client.jobs.list({})).items.every((j) => j.status === 'done')).toBe(true)
  expect(await galley('pools', 'rm', 'lake')).toMatchObject({ code: 0, out: "the pool 'lake' is gone\n" })
}, 180_000)

test('a schedule says the pool of its jobs', async () => {
  await galley('pools', 'set', 'nightly', '--slots', '1')
  const set = ['schedules', 'set', 'often', recipe('often'), '--cron', '0 * * * *', '--zone', 'UTC']
  expect(await galley(...set, '--pool', 'nowhere')).toMatchObject({ code: 2, err: expect.stringContaining("there is no pool 'nowhere'") }) // biome-ignore format: one line
  expect(await galley(...set, '--pool', 'nightly', '--max-active', '1')).toMatchObject({ code: 0 })
  expect(await w.client.schedules.fire({ name: 'often', body: {} })).toMatchObject({ pool: 'nightly', maxActive: 1 })
  expect(await galley('pools', 'rm', 'nightly')).toMatchObject({ code: 1, err: expect.stringContaining("'often' names it") }) // biome-ignore format: one line
  await expect(w.client.pools.set({ name: 'nightly', body: { slots: -1 } })).rejects.toMatchObject({ code: 'REQUEST_INVALID' }) // biome-ignore format: one line
}, 120_000)
