import { spawn } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { openStore } from '../../../store/store.ts'
import { smallDisk } from '../../../store/testing/disk.ts'
import { KILLS } from '../testing/kills.ts'
import { acceptBatch } from './accept.ts'
import { columns, pieces, ROW, testPush } from './testing.ts'

const { store, scope, duckdb, signal, opened, rowsOf, close } = await testPush()
afterAll(close)

test(
  `pushers killed ${KILLS} times: what was acknowledged is there, once`,
  async () => {
    await opened('killed')
    const acknowledged = new Set<number>()
    let next = 0
    let alive = 0
    const script = new URL('../testing/pusher.ts', import.meta.url).pathname
    for (let kill = 0; kill < KILLS; kill++) {
      const args = ['--no-warnings', script, store.home.path, scope.workspace, 'killed', String(next)]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      const ready = new Promise<void>((resolve) => {
        child.stdout.on('data', (data) => {
          said += String(data)
          // every other one is killed after it was answered once, however slow the machine is
          if (kill % 2 === 1 || /^(taken|replayed)/m.test(said)) resolve()
        })
      })
      const ended = new Promise((resolve) => child.on('close', resolve))
      await ready
      await sleep(100 + ((kill * 137) % 700))
      if (child.exitCode === null) alive++
      child.kill('SIGKILL')
      await ended
      // the last line may be cut
      for (const [, n] of said.matchAll(/^(?:taken|replayed) (\d+)\n/gm)) acknowledged.add(Number(n))
      // what was not acknowledged is sent again, as a sender would
      next = Math.max(-1, ...acknowledged) + 1
    }
    const { all } = await rowsOf('killed')
    const ids = all.map((r) => Number(r['id'])).sort((a, b) => a - b)
    expect(new Set(ids).size).toBe(ids.length)
    for (const n of acknowledged) for (const i of [0, 1, 2]) expect(ids).toContain(n * 3 + i)
    // at most the one that was in hand when the last pusher died is there beside
    expect(ids.length).toBeLessThanOrEqual((acknowledged.size + 1) * 3)
    expect(alive).toBe(KILLS)
    expect(acknowledged.size).toBeGreaterThan(0)
  },
  60_000 + KILLS * 20_000,
)

const disk = smallDisk(120)
const small = disk?.path
describe.skipIf(!small)('a full disk (needs the right to mount one)', () => {
  afterAll(() => disk?.close())
  test('is told with the time to come again; nothing that was acknowledged is lost, and there is room again', async () => {
    const full = await openStore({ home: join(small as string, 'home') })
    const mine = { ...scope, workspace: (await full.workspaces.ensure('default')).id }
    const at = { store: full, duckdb, scope: mine, signal }
    const push1 = (key: string, text: string) =>
      acceptBatch(at, { source: 'full', key, mediaType: 'application/jsonl', bytes: pieces(text), limit: 64 << 20 })
    try {
      await full.sources.open(mine, { name: 'full', columns, options: { broken: 'skip' } })
      await push1('a', ROW)
      const filler = join(small as string, 'filler')
      const { bavail, bsize } = statfsSync(small as string)
      writeFileSync(filler, Buffer.alloc(bavail * bsize - (1 << 20)))
      const big = Array.from({ length: 60_000 }, (_, i) => `{"id": ${i}, "note": "${Math.sin(i)}"}`).join('\n')
      await expect(push1('b', big)).rejects.toMatchObject({
        code: 'SOURCE_BUSY',
        status: 503,
        details: { retryAfter: expect.any(Number) },
      })
      rmSync(filler)
      expect((await push1('b', big)).batch).toMatchObject({ number: 2, rows: 60_000 })
      expect((await push1('a', ROW)).replayed).toBe(true)
    } finally {
      await full.close()
    }
  }, 60_000)
})
