import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { csv, recipe } from '../../src/index.ts'
import { ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

/** Jobs a kill; each adds two rows. */
const JOBS = 5

/** A recipe that adds rows of its own to the log. */
function adding(job: number): object {
  writeFileSync(join(w.folder, `lines-${job}.csv`), `job,row\n${job},0\n${job},1\n`)
  const made = recipe(`adds-${job}`, (k) => {
    const read = k.source(`lines-${job}`, csv(`lines-${job}.csv`, { job: 'int64', row: 'int64' }))
    k.dataset('log', k.step(`table-${job}`, read.filter((r) => r.row.ge(0))), { write: 'append' }) // biome-ignore format: one line
  })
  return JSON.parse(JSON.stringify(made))
}

/** Asks until there is an answer: the database may be away. */
async function answered<T>(ask: () => Promise<T | undefined | false>, ms = 60_000): Promise<T> {
  let last: unknown
  for (const began = Date.now(); Date.now() - began < ms; await sleep(20)) {
    const found = await ask().catch((error: unknown) => void (last = error))
    if (found) return found
  }
  throw new Error(`nothing came: ${last}`)
}

const jobs = async () => (await w.client.jobs.list({ limit: 500 })).items

test(
  'the database is killed under two workers: each job is done, its rows are there once, versions have no gaps',
  async () => {
    const count = JOBS * KILLS
    for (let job = 0; job < count; job++)
      await w.client.jobs.queue({ body: { recipe: adding(job), folder: w.folder, attempts: 20 } as never })
    const workers = [start(w.home, ['worker']), start(w.home, ['worker'])]
    const ends = workers.map(ended)
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        // at a moment of the work, which one it is chance says
        await answered(async () => (await jobs()).filter((j) => j.status === 'done').length >= kill * (JOBS - 2) + 1)
        await sleep(Math.random() * 500)
        const pid = w.galley.store.serverPid() ?? expect.unreachable()
        process.kill(pid, 'SIGKILL')
        await answered(async () => (await jobs()).length === count && w.galley.store.serverPid() !== pid)
      }
      await answered(async () => (await jobs()).every((j) => !['queued', 'running', 'waiting'].includes(j.status)), 120_000) // biome-ignore format: one line
    } finally {
      for (const child of workers) child.kill('SIGTERM')
    }
    const left = await Promise.all(ends)
    expect((await jobs()).filter((j) => j.status !== 'done')).toEqual([])
    const rows = Array.from({ length: count }, (_, job) => [`${job},0`, `${job},1`]).flat()
    expect((await w.rows('log')).toSorted()).toEqual(rows.toSorted())
    const { items } = await w.client.datasets.versions({ name: 'log', limit: 500 })
    expect(items.map((v) => v.version).toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1)) // biome-ignore format: one line
    expect(left.map((e) => e.code)).toEqual([0, 0])
  },
  60_000 + KILLS * 60_000,
)
