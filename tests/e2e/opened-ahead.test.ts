import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, utimesSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { hashFile } from '../../src/base/hash.ts'
import { csv, recipe } from '../../src/index.ts'
import { openGalley } from '../../src/main.ts'
import { run } from '../../src/runs/runner.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-ahead-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const file = join(folder, 'orders.csv')
const ROWS = 1_200_000
/** Larger than what is waited for, and written to long enough ago that its state tells it. */
function write(from: number): void {
  const to = openSync(file, 'w')
  writeSync(to, 'n,city,note\n')
  for (let i = 0; i < ROWS; i += 10_000) {
    const lines = Array.from({ length: 10_000 }, (_, j) => `${from + i + j},서울 특별시,a note that is as long as notes are apt to be\n`)
    writeSync(to, lines.join(''))
  } // biome-ignore format: one line
  closeSync(to)
  const past = Date.now() / 1000 - 60
  utimesSync(file, past, past)
}
beforeAll(() => write(0))

const orders = (name: string, readers: number) =>
  recipe(name, (k) => {
    const o = k.source('orders', csv('orders.csv', { n: 'int64', city: 'string' }))
    for (let i = 0; i < readers; i++) k.dataset(`${name}-${i}`, o.filter((r) => r.n.lt(5 + i)))
  }) // biome-ignore format: one line

test('a large file is opened while it is hashed: the same rows and hash, nothing left where it is cancelled or kept', async () => {
  const home = join(folder, 'home')
  const galley = await openGalley({ ...readConfig({}), home, log: 'silent' })
  try {
    const scope = await galley.scope()
    const once = async (name: string, readers: number, signal = new AbortController().signal) => {
      const { outputs, cached } = await run(galley.ware, scope, orders(name, readers), { folder, signal, on: () => {} })
      return { source: outputs.get('orders') as SourceOutput, cached }
    }
    // a file that was written to within two seconds may be written to again, and is hashed each time
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const cancelled = once('cancelled', 1, AbortSignal.timeout(150))
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
    const inPlace = await once('in-place', 1)
    expect(inPlace.source).toMatchObject({ files: [file], rows: ROWS, content: await hashFile(file), kept: [] })
    write(1)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const copied = await once('copied', 2)
    expect(copied.source).toMatchObject({ rows: ROWS, content: await hashFile(file), kept: [{}] })
    expect(copied.source.files[0]).toContain(copied.source.content?.slice(0, 16))
    expect((await once('in-place', 1)).source.content).toBe(copied.source.content)
    expect((await once('in-place', 1)).cached).toContain('orders')
    expect(readdirSync(join(home, 'tmp')).filter((name) => name.includes('opened'))).toEqual([])
  } finally {
    await galley.close()
  }
}, 60_000)
