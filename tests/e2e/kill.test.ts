import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, flightRecipe, galley, start } from './command.ts'
import { sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-kill-'))
let recipe = ''
const steps = 7

beforeAll(async () => {
  const sample = await sampleFlights(join(folder, 'source'))
  recipe = flightRecipe(folder, sample.flights, sample.airports)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

interface Run {
  run: number
  cached: string[]
}
const result = (out: string): Run => JSON.parse(out.trim().split('\n').at(-1) ?? '') as Run
const json = async <T>(home: string, ...args: string[]): Promise<T> =>
  JSON.parse((await galley(home, ...args, '--json')).out) as T

/** Folders of published tables, one for each step that leaves one. */
function published(home: string): Record<string, number> {
  const workspace = readdirSync(join(home, 'datasets'))[0] ?? ''
  return Object.fromEntries(
    readdirSync(join(home, 'datasets', workspace)).map((name) => [
      name,
      readdirSync(join(home, 'datasets', workspace, name)).length,
    ]),
  )
}

test('killed at any moment and run again, the job finishes and leaves nothing half-written', async () => {
  const home = join(folder, 'killed')
  let kills = 0
  for (const after of [300, 700, 1200, 2000, 3000, 4500]) {
    const child = start(home, ['run', recipe])
    const end = ended(child)
    await sleep(after)
    if (child.exitCode === null) kills++
    child.kill('SIGKILL')
    await end
  }
  // and once for certain during a run: it has said that it began, however slow the machine is
  const child = start(home, ['run', recipe])
  const end = ended(child)
  await new Promise<void>((begun) => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes(' run ')) begun()
    })
    child.on('close', () => begun())
  })
  child.kill('SIGKILL')
  await end
  const last = await galley(home, 'run', recipe, '--json')
  expect(last.err).toContain('done')
  expect(last.code).toBe(0)
  expect(kills).toBeGreaterThanOrEqual(3)

  const versions = await json<{ items: { version: number }[] }>(home, 'datasets', 'versions', 'flight-features')
  expect(versions.items.map((v) => v.version)).toEqual([1])
  expect((await json<{ items: unknown[] }>(home, 'models', 'versions', 'late-arrival')).items).toHaveLength(1)
  expect(Object.values(published(home)).every((n) => n === 1)).toBe(true)
  expect(readdirSync(join(home, 'tmp')).filter((name) => !name.startsWith('.'))).toEqual([])

  const again = result((await galley(home, 'run', recipe, '--json')).out)
  expect(again.cached).toHaveLength(steps)
  const runs = await json<{ items: { status: string }[] }>(home, 'runs', 'ls')
  expect(runs.items[0]?.status).toBe('done')
  // what was killed can't say so itself, and is not taken for running
  expect(runs.items.filter((r) => r.status === 'failed').length).toBeGreaterThanOrEqual(1)
  expect(runs.items.filter((r) => r.status === 'running')).toEqual([])
}, 120_000)

test('two processes on one data folder work together: each step is done once', async () => {
  const home = join(folder, 'shared')
  const both = await Promise.all([galley(home, 'run', recipe, '--json'), galley(home, 'run', recipe, '--json')])
  expect(both.map((b) => [b.code, b.err.includes('error')])).toEqual([
    [0, false],
    [0, false],
  ])
  const done = both.map((b) => steps - result(b.out).cached.length)
  expect(done.reduce((a, b) => a + b, 0)).toBe(steps)
  expect((await json<{ items: unknown[] }>(home, 'datasets', 'versions', 'flight-features')).items).toHaveLength(1)
  expect((await json<{ items: unknown[] }>(home, 'models', 'versions', 'late-arrival')).items).toHaveLength(1)
}, 120_000)

test('of two processes at work one is killed: the other finishes, and nothing is lost or done by halves', async () => {
  const home = join(folder, 'one-killed')
  const victim = start(home, ['run', recipe])
  const other = ended(start(home, ['run', recipe, '--json']))
  const gone = ended(victim)
  await sleep(2500)
  victim.kill('SIGKILL')
  await gone
  const { code, out } = await other
  expect([code, result(out).run > 0]).toEqual([0, true])
  expect((await json<{ items: unknown[] }>(home, 'datasets', 'versions', 'flight-features')).items).toHaveLength(1)
  expect(Object.values(published(home)).every((n) => n === 1)).toBe(true)
}, 120_000)

test('computed twice, in other folders and with interruptions, data and model are the same to the bit', async () => {
  const [killed, shared] = [join(folder, 'killed'), join(folder, 'shared')]
  const hash = async (home: string) => [
    (await json<{ hash: string }>(home, 'datasets', 'show', 'flight-features')).hash,
    (await json<{ blob: string }>(home, 'models', 'show', 'late-arrival')).blob,
  ]
  expect(await hash(killed)).toEqual(await hash(shared))
})
