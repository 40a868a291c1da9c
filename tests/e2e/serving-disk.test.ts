import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashJson } from '../../src/base/hash.ts'
import { type Kitchen, kitchen, writeOrders } from './small.ts'

let folder = ''
let k: Kitchen
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galley-disk-'))
  writeOrders(folder)
  k = await kitchen(folder)
})
afterEach(async () => {
  await k.g.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const fed = { placed: '2026-03-25 08:00:00', courier: 'c1', minutes: 60, weight: 3 }
const asked = { placed: '2026-03-25 12:00:00', courier: 'c1', weight: 3 }
const logs = () => join(folder, 'home', 'logs', k.scope.workspace, 'small')

test('a feed log that is gone is told, not taken for empty', async () => {
  await k.run()
  const live = await k.open()
  await live.feed([fed])
  await live.close()
  const feed = join(logs(), '1', 'feed')
  rmSync(join(feed, readdirSync(feed).find((n) => n.endsWith('.log')) as string))
  await expect(k.open()).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    why: expect.stringContaining('bytes when the log was closed'),
    fix: expect.stringContaining('backup'),
  })
})

test('a prediction log that ends before what the monitor has counted is told', async () => {
  await k.run()
  const live = await k.open()
  await live.predict([asked])
  await live.close()
  rmSync(join(logs(), '1', 'predictions'), { recursive: true })
  await expect(k.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', fix: expect.stringContaining('backup') })
})

test('a checkpoint of the monitor that is changed, of another shape or of an older form is made anew from the log', async () => {
  await k.run()
  const live = await k.open()
  for (let i = 0; i < 5; i++) await live.predict([asked])
  await live.close()
  const path = join(logs(), '1', 'monitor.json')
  const good = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> & { monitor: { total: object } }
  const body = { offset: 5, monitor: { total: 3 } }
  const spoilt = [
    { ...good, monitor: { ...good.monitor, total: { ...good.monitor.total, rows: 77 } } },
    { format: 2, sum: hashJson(body), ...body },
    { format: 1, offset: 5, monitor: { format: 1, total: { rows: 9 } } },
    'nothing',
    null,
  ]
  for (const json of spoilt) {
    writeFileSync(path, JSON.stringify(json))
    const again = await k.open()
    expect(again.monitor.rows).toBe(5)
    await again.close()
  }
  writeFileSync(path, JSON.stringify({ ...good, format: 9 }))
  await expect(k.open()).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER', what: expect.stringContaining('9') })
})
