import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { socketOf } from './ground.ts'

const env = (name: string): string | undefined => process.env[name] || undefined
const SEED = Number(env('GALLEY_SEED') ?? Math.floor(Math.random() * 2 ** 31))
/** Simulations, each by a seed of its own: three, fifty of `npm run faults`, or as many as are asked for. */
const ROUNDS = Number(env('GALLEY_ROUNDS') ?? Math.max(3, KILLS))
const MAIN = new URL('./simulated/main.ts', import.meta.url).pathname

const folder = mkdtempSync(join(tmpdir(), 'galley-simulated-'))
let store: Store
beforeAll(async () => void (store = await openStore({ home: join(folder, 'home') })), 60_000)
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

let made = 0
/** A simulation by a seed, on a database of its own. */
async function simulated(seed: number): Promise<{ trace: string; wrong: string[]; ms: number; lines: number }> {
  const { folder: host, port } = socketOf(store.home.path)
  const database = `simulated_${++made}`
  const wire = new pg.Client({ host, port, user: 'galley', database: 'postgres' })
  await wire.connect()
  try {
    await wire.query(`create database ${database}`)
    const connection = JSON.stringify({ host, port, user: 'galley', database })
    const args = [MAIN, String(seed), join(folder, String(made)), connection]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout?: string }) => {
      if (error.stdout) return { stdout: error.stdout }
      throw error
    })
    return JSON.parse(stdout)
  } finally {
    await wire.query(`drop database if exists ${database} with (force)`)
    await wire.end()
  }
}

test(
  'simulated workers that are killed, stopped, cut off and given other times of day: nothing is lost, nothing is done twice; a seed gives the same trace again',
  async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const seed = SEED + i
      const found = await simulated(seed)
      expect(found, `GALLEY_SEED=${seed} GALLEY_ROUNDS=1 npm run faults -- simulated`).toMatchObject({ wrong: [] })
      if (i % 5 === 0) expect((await simulated(seed)).trace, `the seed ${seed} gives another trace`).toBe(found.trace)
    }
    process.stdout.write(`simulated: ${ROUNDS} seeds from ${SEED} on\n`)
  },
  120_000 + ROUNDS * 30_000,
)
