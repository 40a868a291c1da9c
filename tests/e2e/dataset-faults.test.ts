import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { smallDisk } from '../../src/store/testing/disk.ts'
import { galley as command, ended, recipeFile, start } from './command.ts'
import { openWritten } from './datasets.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-faults-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** ms that a command takes here about, from its start to its end. */
const SPAN = 1800

/** Runs a command and kills it at a moment of its own; true when it was still running. */
async function killed(home: string, args: readonly string[], after: number): Promise<boolean> {
  const child = start(home, args)
  const end = ended(child)
  await sleep(after)
  const alive = child.exitCode === null
  child.kill('SIGKILL')
  await end
  return alive
}

describe('kill -9', () => {
  const home = join(folder, 'home')
  const ROWS = 2000
  const batch = (i: number) => {
    writeFileSync(
      join(folder, 'batch.csv'),
      `id,n\n${Array.from({ length: ROWS }, (_, j) => `${i * ROWS + j},${j}\n`).join('')}`,
    )
    return recipeFile(folder, 'batch', `const b = k.source('batch', csv('${join(folder, 'batch.csv')}', { id: 'int64', n: 'int64' }))\nk.dataset('log', b, { write: 'append', key: ['id'] })`) // biome-ignore format: one line
  }
  const sums = async () => {
    const { out } = await command(home, 'datasets', 'rows', 'log', '--columns', 'id', '--format', 'csv')
    return out.trim().split('\n').slice(1).map(Number)
  }
  test(
    `in the middle of appends and compactions (${KILLS} of each): every batch is there once, every file is whole`,
    async () => {
      let alive = 0
      for (let i = 0; i < KILLS; i++) {
        const recipe = batch(i)
        if (await killed(home, ['run', recipe], 300 + ((i * 619) % SPAN))) alive++
        const again = await command(home, 'run', recipe)
        expect(again).toMatchObject({ code: 0 })
        if (await killed(home, ['datasets', 'compact', 'log'], 300 + ((i * 431) % SPAN))) alive++
      }
      const ids = await sums()
      expect(ids).toEqual(Array.from({ length: KILLS * ROWS }, (_, i) => i))
      expect((await command(home, 'datasets', 'compact', 'log')).code).toBe(0)
      expect(await sums()).toEqual(ids)
      expect((await command(home, 'datasets', 'retain', 'log', '--keep', '1')).code).toBe(0)
      expect(await sums()).toEqual(ids)
      expect(await command(home, 'datasets', 'scrub')).toMatchObject({ code: 0 })
      expect(alive).toBeGreaterThanOrEqual(Math.floor(KILLS / 2))
    },
    60_000 + KILLS * 30_000,
  )
})

const disk = smallDisk(160)
const small = disk?.path
describe.skipIf(!small)('a full disk (needs the right to mount one)', () => {
  afterAll(() => disk?.close())
  test('while a version is written is told; what was published stays, and the write succeeds once there is room', async () => {
    const w = await openWritten(small)
    try {
      const lines = (from: number) =>
        Array.from({ length: 100_000 }, (_, i) => `${from + i},d${(i * 7919) % 10_007},${i * 31}`)
      await w.write('log', lines(0), { write: 'append' })
      const filler = join(small ?? '', 'filler')
      const { bavail, bsize } = statfsSync(small ?? '')
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 300_000)))
      await expect(w.write('log', lines(100_000), { write: 'append' })).rejects.toMatchObject({ code: 'DISK_FULL' })
      rmSync(filler)
      expect((await w.client.datasets.get({ name: 'log' })).version).toBe(1)
      expect(await w.rows('log')).toHaveLength(100_000)
      const next = await w.write('log', lines(100_000), { write: 'append' })
      expect([next.version, next.rows]).toEqual([2, 200_000])
      expect((await w.client.datasets.scrub({ body: {} })).damaged).toEqual([])
    } finally {
      await w.close()
    }
  }, 60_000)
})
