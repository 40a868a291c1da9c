import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { readConfig } from '../../src/base/config.ts'
import type { Scope } from '../../src/base/scope.ts'
import { csv, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { type Client, createClient } from '../../src/sdk/index.ts'

/** Where faults are done: a data folder that this process looks at while others work on it. */
export interface Ground {
  readonly folder: string
  readonly home: string
  readonly g: Galley
  readonly client: Client
  readonly scope: Scope
  /** Jobs that were acknowledged and are not yet seen done. */
  readonly jobs: Set<number>
  /** By dataset, the marks of rows that were acknowledged. */
  readonly marks: Map<string, Set<number>>
  /** Says that rows of a mark are to be in a dataset. */
  promise(dataset: string, mark: number): void
  nextMark(): number
  /** Queues so many jobs, each of which adds rows of its own to the dataset; what was not acknowledged is not promised. */
  queue(dataset: string, count: number, by?: Client): Promise<number[]>
  close(): Promise<void>
}

/** Rows that a job adds, and a batch has. */
export const ROWS = 4
/** Jobs that are looked at to see whether one is open. */
const PAGE = 100
export const COLUMNS = { job: 'int64', row: 'int64', nonce: 'int64' } as const

/** A program whose rows are others each time: work that is done twice gives two. */
const NONCE = `const fs = require('fs')
const ask = JSON.parse(fs.readFileSync(process.env.GALLEY_STEP))
const nonce = Math.floor(Math.random() * 2 ** 40)
const rows = Array.from({ length: ${ROWS} }, (_, row) => JSON.stringify({ job: ask.params.job, row, nonce }))
fs.writeFileSync(ask.rows, rows.join('\\n') + '\\n')
`

/** A recipe that adds rows of its own to a dataset: read from a file, or made by a program. */
function adding(folder: string, dataset: string, mark: number, program: boolean) {
  return recipe(`adds-${mark}`, (k) => {
    if (program) {
      const command = [process.execPath, 'nonce.cjs']
      const made = k.process(`made-${mark}`, { command, files: ['nonce.cjs'], params: { job: mark }, format: 'json', gives: COLUMNS }) // biome-ignore format: one line
      k.dataset(dataset, made, { write: 'append' })
      return
    }
    const lines = Array.from({ length: ROWS }, (_, row) => `${mark},${row},${mark}\n`)
    writeFileSync(join(folder, `lines-${mark}.csv`), `${Object.keys(COLUMNS).join(',')}\n${lines.join('')}`)
    const read = k.source(`lines-${mark}`, csv(`lines-${mark}.csv`, COLUMNS))
    k.dataset(dataset, k.step(`table-${mark}`, read.filter((r) => r.row.ge(0))), { write: 'append' }) // biome-ignore format: one line
  })
}

/** @param at where the data folder lies; in the system's temporary folder unless given */
export async function openGround(at?: string): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-faults-'))
  const home = join(at ?? folder, 'home')
  writeFileSync(join(folder, 'nonce.cjs'), NONCE)
  const g = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 1 })
  const app = g.app()
  const client = createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) })
  const jobs = new Set<number>()
  const marks = new Map<string, Set<number>>()
  const promise = (dataset: string, mark: number) =>
    void marks.set(dataset, (marks.get(dataset) ?? new Set()).add(mark))
  let last = 0
  return {
    ...{ folder, home, g, client, jobs, marks, promise, scope: await g.scope() },
    nextMark: () => ++last,
    async queue(dataset, count, by = client) {
      const numbers: number[] = []
      for (let i = 0; i < count; i++) {
        const mark = ++last
        const made = JSON.parse(JSON.stringify(adding(folder, dataset, mark, mark % 3 === 0)))
        const asked = by.jobs.queue({ body: { recipe: made, folder, attempts: 100 } })
        const job = await asked.catch(() => undefined)
        if (!job) continue
        jobs.add(job.number)
        promise(dataset, mark)
        numbers.push(job.number)
      }
      return numbers
    },
    async close() {
      await g.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Asks again until something comes of it. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>, ms = 60_000): Promise<T> {
  let last: unknown
  for (const began = Date.now(); Date.now() - began < ms; await sleep(15)) {
    const found = await ask().catch((error: unknown) => {
      last = error
      return undefined
    })
    if (found) return found
  }
  throw new Error(`${what} did not come in ${ms / 1000} s${last === undefined ? '' : `: ${last}`}`)
}

/** Where the embedded server listens. */
export function socketOf(home: string): { folder: string; port: number } {
  const lines = readFileSync(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')
  return { folder: lines[4] ?? '', port: Number(lines[3]) }
}

/** Jobs that wait some seconds before they are tried again are due now: a round need not wait for what is no part of its fault. */
async function hurry({ home }: Ground): Promise<void> {
  const { folder, port } = socketOf(home)
  const wire = new pg.Client({ host: folder, port, user: 'galley', database: 'postgres' })
  wire.on('error', () => undefined)
  try {
    await wire.connect()
    await wire.query("update jobs set not_before = clock_timestamp() where status = 'queued' and not_before > clock_timestamp()") // biome-ignore format: one line
  } finally {
    await wire.end().catch(() => undefined)
  }
}

/** Waits until no job is open. */
export async function drained(ground: Ground, ms?: number): Promise<void> {
  const { g, scope } = ground
  let hurried = Date.now()
  await until(
    'the end of all jobs',
    async () => {
      // at one moment: a job that goes from one state to the next is not missed; a page is more than a round queues
      const { items } = await g.store.jobs.list(scope, { limit: PAGE })
      if (items.some((job) => ['queued', 'running', 'waiting'].includes(job.status))) {
        if (Date.now() - hurried < 500) return false
        hurried = Date.now()
        await hurry(ground)
        return false
      }
      return true
    },
    ms,
  )
}
