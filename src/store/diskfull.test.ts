import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { failure } from './failures.ts'
import { jsonOf, openAppendLog } from './log/appendlog.ts'
import { openStore } from './store.ts'
import { smallDisk } from './testing/disk.ts'

describe('a full disk', () => {
  it.each([
    [Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }), 'DISK_FULL'],
    [Object.assign(new Error('could not extend file'), { code: '53100' }), 'DISK_FULL'],
    [new Error('query failed', { cause: Object.assign(new Error('x'), { code: '53100' }) }), 'DISK_FULL'],
    [Object.assign(new Error('Disk quota exceeded'), { code: 'EDQUOT' }), 'DISK_FULL'],
    [Object.assign(new Error('deadlock'), { code: '40P01' }), 'STORE_CONFLICT'],
    [Object.assign(new Error('invalid page'), { code: 'XX001' }), 'STORE_CORRUPT'],
    [new Error('Connection terminated unexpectedly'), 'STORE_UNAVAILABLE'],
  ])('%s is %s', (thrown, code) => {
    expect(failure(thrown, 'it failed')).toMatchObject({ code, what: 'it failed' })
  })
})

const disk = smallDisk(80)
const folder = disk?.path
describe.skipIf(!folder)('a full disk, for real (needs the right to mount one)', () => {
  const home = join(folder ?? '', 'home')
  const filler = join(folder ?? '', 'filler')

  afterAll(() => disk?.close())

  function fill(): void {
    const { bavail, bsize } = statfsSync(folder ?? '')
    try {
      writeFileSync(filler, Buffer.alloc(bavail * bsize + (1 << 20)))
    } catch {
      // full now
    }
  }

  async function failing(work: (n: number) => Promise<unknown>): Promise<{ kept: number; error: unknown }> {
    for (let kept = 0; ; kept++) {
      try {
        await work(kept)
      } catch (error) {
        return { kept, error }
      }
      if (kept > 2000) throw new Error('it never failed')
    }
  }

  it('is named by every writer, loses nothing acknowledged, and is over when there is room', {
    timeout: 60_000,
  }, async () => {
    const store = await openStore({ home })
    const scope = { workspace: (await store.workspaces.ensure('default')).id, caller: 'test' }
    const log = await openAppendLog(join(home, 'logs', 'feed'))
    await log.append('before')
    fill()
    const big = 'x'.repeat(200_000)

    const blobs = await failing((n) => store.blobs.put(scope, `${n} ${big}`))
    expect(blobs.error).toMatchObject({ code: 'DISK_FULL' })
    const appends = await failing((n) => log.append(`${n} ${big}`))
    expect(appends.error).toMatchObject({ code: 'DISK_FULL' })
    // incompressible, or the database would need hardly any room
    const noise = () => Array.from({ length: 20_000 }, () => Math.random().toString(36).slice(2))
    const runs = await failing(() => store.runs.start(scope, { recipe: 'r', recipeHash: 'h', recipeJson: noise() }))
    expect(runs.error).toMatchObject({ code: 'DISK_FULL' })

    rmSync(filler)
    expect((await store.runs.list(scope)).items.length).toBe(runs.kept)
    const next = await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })
    expect(next.number).toBe(runs.kept + 1)
    await store.blobs.put(scope, big)
    await log.append('after')
    const seen: unknown[] = []
    for await (const record of log.read()) seen.push(jsonOf(record))
    expect(seen.length).toBe(appends.kept + 2)
    expect(seen.at(-1)).toBe('after')
    await log.close()
    await store.close()
  })

  it.each([10, 20, 30])('while the database is made says so: %i MB', { timeout: 60_000 }, async (megabytes) => {
    rmSync(home, { recursive: true, force: true })
    const { bavail, bsize } = statfsSync(folder ?? '')
    writeFileSync(filler, Buffer.alloc(bavail * bsize - megabytes * 1_000_000))
    await expect(openStore({ home })).rejects.toMatchObject({ code: 'DISK_FULL', exit: 1 })
    rmSync(filler)
    await (await openStore({ home })).close()
  })

  it('at the start says so, and leaves nothing half-made', { timeout: 60_000 }, async () => {
    rmSync(home, { recursive: true, force: true })
    fill()
    await expect(openStore({ home })).rejects.toMatchObject({ code: 'DISK_FULL' })
    rmSync(filler)
    await (await openStore({ home })).close()
  })
})
