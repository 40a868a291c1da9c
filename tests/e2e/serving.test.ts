import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Kitchen, kitchen, writeCouriers, writeOrders } from './small.ts'

let folder = ''
let k: Kitchen
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galley-serving-'))
  writeOrders(folder)
  k = await kitchen(folder)
})
afterEach(async () => {
  await k.g.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const order = (placed: string, courier = 'c1', took: number | string = 60) => ({
  placed: `2026-03-25 ${placed}`,
  courier,
  minutes: took,
})
const fed = (placed: string, courier = 'c1', took: number | string = 60) => ({
  ...order(placed, courier, took),
  weight: 3,
})
const asked = { placed: '2026-03-25 12:00:00', courier: 'c1', weight: 3 }
const number = (live: { compute(r: unknown): Readonly<Record<string, unknown>> }) => Number(live.compute(asked)['n'])
const logs = () => join(folder, 'home', 'logs', k.scope.workspace, 'small')

describe('feeding', () => {
  test('an event that can not be computed is refused with all that came with it, and a restart works', async () => {
    await k.run()
    let live = await k.open()
    const before = number(live)
    const poison = fed('08:30:00', 'c1', '9223372036854775807')
    await expect(live.feed([poison])).rejects.toMatchObject({ code: 'VALUE_INVALID' })
    await expect(live.feed([fed('08:00:00'), poison])).rejects.toMatchObject({
      code: 'VALUE_INVALID',
      details: { record: 1 },
    })
    expect(number(live)).toBe(before)
    expect(await live.feed([fed('08:00:00')])).toEqual({ taken: 1, ignored: 0, refused: [] })
    expect(number(live)).toBe(before + 1)
    await live.close()
    live = await k.open()
    expect(number(live)).toBe(before + 1)
    await live.close()
  })

  test('the latest row of each key is kept however old, fed, and there after a restart', async () => {
    writeOrders(folder, { last: '2026-01-02 10:30:00,4,c9,33' })
    await k.run({ last: true })
    let live = await k.open()
    const last = (courier: string, placed = asked.placed) => live.compute({ ...asked, courier, placed })['lastTook']
    expect(last('c9')).toBe(33n)
    expect(last('nobody')).toBeNull()
    await live.feed([fed('08:00:00', 'c9', 50), fed('07:00:00', 'c9', 40)])
    expect(last('c9')).toBe(50n)
    expect(last('c9', '2026-03-25 08:00:00')).toBe(40n)
    expect(last('c9', '2026-03-25 07:30:00')).toBe(33n)
    await live.close()
    live = await k.open()
    expect(last('c9')).toBe(50n)
    await live.close()
  })

  test('an event in the log that can not be computed is left out with a warning, never fatal', async () => {
    await k.run()
    const live = await k.open()
    const before = number(live)
    await live.feed([fed('08:00:00')])
    await live.close()
    const { openAppendLog } = await import('../../src/store/log/appendlog.ts')
    const log = await openAppendLog(join(logs(), '1', 'feed'))
    const columns = live.feedInput.map((f) => f.name)
    const row = (minutes: string, placed: string) =>
      columns.map((c) => ({ placed, weight: 3, courier: 'c1', minutes })[c as 'placed'])
    const at = (iso: string) => String(Date.parse(iso) * 1000)
    await log.append([row('9223372036854775807', at('2026-03-25T08:00:00Z'))])
    await log.append([row('60', at('9999-01-01T00:00:00Z'))])
    await log.append([row('60', at('2026-03-25T09:00:00Z'))])
    await log.close()
    const again = await k.open()
    expect(number(again)).toBe(before + 2)
    expect(k.warnings).toContainEqual([
      'events of the feed log were left out',
      expect.objectContaining({ endpoint: 'small', events: 2 }),
    ])
    await again.close()
  })

  test('an event of the far future is refused by itself, and stops nothing', async () => {
    await k.run()
    const live = await k.open()
    const before = number(live)
    const answer = await live.feed([fed('08:00:00'), { ...fed('08:00:00'), placed: '9999-01-01 00:00:00' }])
    expect(answer).toEqual({ taken: 1, ignored: 0, refused: [{ index: 1, reason: expect.stringContaining('9999') }] })
    expect(number(live)).toBe(before + 1)
    await live.predict([asked, { ...asked, placed: '9999-01-01 00:00:00' }])
    expect((await live.feed([{ ...fed('08:00:00'), placed: '9999-01-01 00:00:00' }])).refused).toHaveLength(1)
    await live.close()
    const again = await k.open()
    expect(number(again)).toBe(before + 1)
    await again.close()
  })
})

describe('deploying anew', () => {
  test('what was fed since the history ended is carried over', async () => {
    await k.run()
    const hub = k.g.hub(k.scope)
    const first = await hub.open('small')
    const before = number(first)
    await first.feed([fed('08:00:00'), fed('08:20:00')])
    expect(number(first)).toBe(before + 2)
    await k.run({ heaviest: 999 })
    const second = await hub.open('small')
    expect([second.generation, number(second)]).toEqual([2, before + 2])
    await second.feed([fed('09:00:00')])
    await k.run({ heaviest: 998 })
    expect(number(await hub.open('small'))).toBe(before + 3)
  })

  test('an endpoint whose workspace nobody follows changes over when it is asked', async () => {
    await k.run()
    const hub = k.g.hub(k.scope)
    await hub.open('small')
    await k.run({ heaviest: 999 })
    let generation = 0
    for (let i = 0; i < 60 && generation < 2; i++) {
      generation = (await hub.get('small')).generation
      await sleep(250)
    }
    expect(generation).toBe(2)
  })

  test('the former deployment answers until the newest is ready, and all that it was fed is kept', async () => {
    await k.run()
    const hub = k.g.hub(k.scope)
    const before = number(await hub.open('small'))
    await k.run({ heaviest: 999 })
    const change = hub.refresh()
    let taken = 0
    const until = (async () => {
      await change
      return true
    })()
    for (let done = false; !done; ) {
      const live = await hub.get('small')
      await live.predict([asked])
      await live.feed([fed(`08:00:${String(taken % 60).padStart(2, '0')}`)])
      taken++
      done = await Promise.race([until, sleep(1, false)])
    }
    const live = await hub.get('small')
    expect(live.generation).toBe(2)
    expect(number(live)).toBe(before + taken)
  })

  test('one that can not start does not replace one that works, and is tried again', async () => {
    await k.run()
    const hub = k.g.hub(k.scope)
    await hub.open('small')
    const row = await k.g.store.endpoints.get(k.scope, 'small')
    const config = { ...(row.config as object), model: { name: 'small-model', version: 1, blob: '0'.repeat(64) } }
    const broken = { name: 'small', model: 'small-model', modelVersion: 1, config }
    await k.g.store.endpoints.deploy(k.scope, broken)
    await hub.refresh()
    const live = await hub.get('small')
    expect(live.generation).toBe(1)
    expect(await live.predict([asked])).toHaveLength(1)
    const answer = await k.g.app().request('/v1/endpoints/small')
    expect(await answer.json()).toMatchObject({
      state: 'failed',
      generation: 2,
      serving: 1,
      error: { code: expect.any(String), what: expect.any(String) },
    })
    await k.g.store.endpoints.deploy(k.scope, { ...broken, config: row.config })
    await hub.refresh()
    expect((await hub.get('small')).generation).toBe(3)
  })

  test('a log that another process has for a moment: the endpoint waits or tries again', async () => {
    await k.run()
    const other = await k.open()
    const hub = k.g.hub(k.scope)
    await hub.start()
    expect(hub.states()['small']).toBe('failed')
    await other.close()
    await expect.poll(() => hub.states()['small'], { timeout: 10_000 }).toBe('ready')
  }, 30_000)

  test('a rule that no row of the history breaks is deployed all the same; the same recipe deploys nothing', async () => {
    await k.run()
    const { cached } = await k.run({ heaviest: 900 })
    expect(cached).toEqual(['orders'])
    const live = await k.g.hub(k.scope).open('small')
    await expect(live.predict([{ ...asked, weight: 950 }])).rejects.toMatchObject({ code: 'RECORD_REJECTED' })
    const again = await k.run({ heaviest: 900 })
    expect(again.cached).toHaveLength(4)
  })

  test('a new row of a joined table is deployed', async () => {
    writeCouriers(folder, ['c0,1', 'c1,2', 'c2,3'])
    await k.run({ graded: true })
    const hub = k.g.hub(k.scope)
    const late = { ...asked, courier: 'c9' }
    await expect((await hub.open('small')).predict([late])).rejects.toMatchObject({ code: 'RECORD_REJECTED' })
    writeCouriers(folder, ['c0,1', 'c1,2', 'c2,3', 'c9,4'])
    await k.run({ graded: true })
    expect(await (await hub.open('small')).predict([late])).toHaveLength(1)
  })

  test('a plan that can not answer fails in the run, and the former deployment stays', async () => {
    writeCouriers(folder, ['c0,1', 'c1,2', 'c2,3'])
    await k.run({ graded: true })
    writeCouriers(folder, ['c0,1', 'c1,2', 'c2,3', 'c7,4', 'c7,5'])
    await expect(k.run({ graded: true })).rejects.toMatchObject({ code: 'PLAN_INVALID' })
    expect((await k.g.store.endpoints.get(k.scope, 'small')).generation).toBe(1)
  })

  test('NaN and infinity in the newest row of the source', async () => {
    writeOrders(folder, { last: '2026-03-26 00:00:00,NaN,c1,30' })
    await k.run()
    const { config } = await k.g.store.endpoints.get(k.scope, 'small')
    expect((config as { example: unknown }).example).toMatchObject({ placed: '2026-03-26 00:00:00', weight: null })
  })

  test.each(['deleted', 'damaged'])('a file of warm history that is %s is made anew by a run', async (how) => {
    await k.run()
    const warm = join(folder, 'home', 'datasets', k.scope.workspace, '_small')
    const file = join(warm, readdirSync(warm)[0] as string, 'state-0.parquet')
    const bytes = readFileSync(file)
    if (how === 'deleted') rmSync(file)
    else writeFileSync(file, bytes.fill(7, 100, 110))
    await expect(k.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', why: expect.stringContaining(file) })
    expect((await k.run()).cached).not.toContain('small')
    await (await k.open()).close()
  })
})
