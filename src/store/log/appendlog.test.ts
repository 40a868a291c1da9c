import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AppendLog, jsonOf, openAppendLog, readAppendLog } from './appendlog.ts'
import { segmentsOf } from './segments.ts'

let folder: string
let open: AppendLog[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'galley-log-'))
})
afterEach(async () => {
  for (const log of open) await log.close().catch(() => undefined)
  open = []
  rmSync(folder, { recursive: true, force: true })
})

const opened = async (...args: Parameters<typeof openAppendLog>): Promise<AppendLog> => {
  const log = await openAppendLog(...args)
  open.push(log)
  return log
}

const values = async (records: ReturnType<typeof readAppendLog>): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const record of records) all.push(jsonOf(record))
  return all
}

const newest = () => segmentsOf(folder).at(-1)?.path ?? ''

/** The folder as a crash would leave it: without the note of an orderly end, the lock free. */
async function crashed(log: AppendLog): Promise<void> {
  await log.close()
  rmSync(join(folder, 'flushed.json'))
}

describe.each(['sync', 'flush'] as const)('append log, durability %s', (durability) => {
  it('gives back records in order, from any offset, also after opening it again', async () => {
    const log = await opened(folder, { durability })
    const offsets = await Promise.all(Array.from({ length: 100 }, (_, n) => log.append({ n })))
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(await log.append(Buffer.from('"bytes"'))).toBe(100)
    expect(await values(log.read(98))).toEqual([{ n: 98 }, { n: 99 }, 'bytes'])
    await log.close()
    const again = await opened(folder, { durability })
    expect(again.next).toBe(101)
    expect(await again.append(1)).toBe(101)
    expect((await values(again.read())).length).toBe(102)
  })

  it('begins new segments by size, reads across them, prunes whole ones', async () => {
    const log = await opened(folder, { durability, segmentBytes: 1000 })
    for (let n = 0; n < 200; n++) await log.append({ n, text: 'x'.repeat(50) })
    expect(segmentsOf(folder).length).toBeGreaterThan(10)
    expect((await values(log.read(150))).length).toBe(50)
    log.prune(150)
    expect(log.oldest).toBeLessThanOrEqual(150)
    expect(log.oldest).toBeGreaterThan(130)
    expect((await values(log.read(150))).length).toBe(50)
    await log.close()
    expect((await opened(folder)).next).toBe(200)
  })

  it('takes a large record, and refuses one that is too large', async () => {
    const log = await opened(folder, { durability })
    await log.append(Buffer.alloc(3_000_000, 7))
    await log.append('after')
    const sizes: number[] = []
    for await (const record of log.read()) sizes.push(record.data.length)
    expect(sizes).toEqual([3_000_000, 7])
    expect(() => log.append(Buffer.alloc((16 << 20) + 1))).toThrow(/too large/)
  })
})

describe('append log after a crash', () => {
  it('drops a record cut short at any byte and keeps all before it', async () => {
    const log = await opened(folder)
    await log.append({ n: 0 })
    await log.append({ n: 1 })
    const before = readFileSync(newest()).length
    await log.append({ n: 2 })
    await crashed(log)
    const whole = readFileSync(newest())
    for (let length = before; length < whole.length; length++) {
      writeFileSync(newest(), whole.subarray(0, length))
      const again = await opened(folder)
      expect(again.next).toBe(2)
      expect(await values(again.read())).toEqual([{ n: 0 }, { n: 1 }])
      await crashed(again)
    }
  })

  it('drops what power loss left of the last, unflushed group', async () => {
    const log = await opened(folder)
    await log.append({ n: 0 })
    await Promise.all([log.append({ n: 1 }), log.append({ n: 2 }), log.append({ n: 3 })])
    await crashed(log)
    const content = readFileSync(newest())
    const at = content.indexOf('{"n":1}')
    content[at] = 0 // the first of the group never reached the disk, its followers did
    writeFileSync(newest(), content)
    const again = await opened(folder)
    expect(again.next).toBe(1)
    expect(await again.append({ n: 'new' })).toBe(1)
    expect(await values(again.read())).toEqual([{ n: 0 }, { n: 'new' }])
  })

  it('drops zeros and rubbish at the end', async () => {
    const log = await opened(folder)
    await log.append(1)
    await crashed(log)
    appendFileSync(newest(), Buffer.alloc(5000))
    const again = await opened(folder)
    expect(again.next).toBe(1)
    await again.append(2)
    expect(await values(again.read())).toEqual([1, 2])
  })

  it('goes on after a segment that was only just begun', async () => {
    const log = await opened(folder, { segmentBytes: 100 })
    for (let n = 0; n < 10; n++) await log.append({ n })
    await crashed(log)
    for (const length of [0, 3, 8]) {
      truncateSync(newest(), length)
      const again = await opened(folder)
      expect(await again.append('new')).toBe(segmentsOf(folder).at(-1)?.first)
      await crashed(again)
    }
  })
})

describe('append log, damaged', () => {
  it('detects each flipped bit in what was flushed', async () => {
    const log = await opened(folder, { segmentBytes: 400 })
    for (let n = 0; n < 12; n++) await log.append({ n, text: 'some text' })
    await log.close()
    const copy = mkdtempSync(join(tmpdir(), 'galley-log-copy-'))
    cpSync(folder, copy, { recursive: true })
    let detected = 0
    let tried = 0
    for (const name of readdirSync(copy).filter((each) => each.endsWith('.log'))) {
      const good = readFileSync(join(copy, name))
      for (let bit = 0; bit < good.length * 8; bit += 7) {
        const bad = Buffer.from(good)
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        writeFileSync(join(folder, name), bad)
        tried++
        try {
          const again = await openAppendLog(folder)
          try {
            await values(again.read())
          } finally {
            await again.close()
          }
        } catch (error) {
          if (['STORE_CORRUPT', 'STORE_FORMAT_NEWER'].includes((error as { code: string }).code)) detected++
        }
      }
      cpSync(copy, folder, { recursive: true })
    }
    rmSync(copy, { recursive: true })
    expect(tried).toBeGreaterThan(500)
    expect(detected).toBe(tried)
  })

  it('detects damage before the last group also without an orderly end', async () => {
    const log = await opened(folder)
    for (let n = 0; n < 5; n++) await log.append({ n })
    await crashed(log)
    const content = readFileSync(newest())
    const at = content.indexOf('{"n":2}')
    content[at + 2] = 0
    writeFileSync(newest(), content)
    await expect(openAppendLog(folder)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })

  it('refuses a newer format', async () => {
    const log = await opened(folder)
    await log.append(1)
    await log.close()
    const content = readFileSync(newest())
    content[7] = 2
    writeFileSync(newest(), content)
    await expect(openAppendLog(folder)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER' })
  })
})

describe('append log, shared', () => {
  it('has one writer, and readers beside it', async () => {
    const log = await opened(folder)
    await log.append('a')
    await expect(openAppendLog(folder)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await values(readAppendLog(folder))).toEqual(['a'])
    await log.close()
    await opened(folder)
  })

  it('reads while it is written', async () => {
    const log = await opened(folder, { segmentBytes: 2000 })
    let written = 0
    const writing = (async () => {
      while (written < 2000) {
        await Promise.all([log.append({ n: written }), log.append({ n: written + 1 })])
        written += 2
      }
    })()
    while (written < 2000) {
      await new Promise(setImmediate) // reading an empty log never leaves this turn of the event loop
      const known = written
      const seen = (await values(log.read())) as { n: number }[]
      expect(seen.length).toBeGreaterThanOrEqual(known)
      expect(seen.every(({ n }, i) => n === i)).toBe(true)
    }
    await writing
  })
})
