import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { download } from './download.ts'
import { reachOf } from './reach.ts'
import { testWeb } from './testing.ts'

const web = await testWeb()
const folder = mkdtempSync(join(tmpdir(), 'galley-download-'))
afterAll(async () => {
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Keeps this process from doing anything, as a busy machine does. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('what came before a cut is kept, also where it comes all at once and is written late', async () => {
  const file = Buffer.from(Array.from({ length: 400_000 }, (_, i) => i % 251))
  const cuts = [90_000, 90_000, 90_000, 90_000]
  let asked = 0
  web.answers.set('/cut', (request, response) => {
    const cut = cuts[asked++]
    if (cut === undefined) {
      response.writeHead(206, { 'content-range': `bytes 360000-${file.length - 1}/${file.length}` })
      return void response.end(file.subarray(360_000))
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"a"',
      'content-length': file.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
    })
    // the reader is kept from reading until all of it and the end of the connection lie there
    response.write(file.subarray(from, from + cut), () => {
      response.destroy()
      stall(50)
    })
  })
  const signal = new AbortController().signal
  const reach = reachOf(`${web.origin}/cut`, { retries: 1 }, { signal, secret: () => '' })
  const target = join(folder, 'target')
  expect(await download(reach, target, () => {})).toBe(file.length)
  expect(readFileSync(target).equals(file)).toBe(true)
  // each byte was asked for once
  expect(web.asked).toEqual(['/cut', ...[90_000, 180_000, 270_000, 360_000].map((n) => `/cut bytes=${n}-`)])
})

test('more than may come, or than the disk has room for, is refused by what its server says, before it comes', async () => {
  let sent = 0
  web.answers.set('/huge', (_, response) => {
    response.writeHead(200, { 'content-length': 2 ** 52 })
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 16))) sent += 1 << 16
    }
    response.on('drain', more)
    more()
  })
  const ctx = { signal: new AbortController().signal, secret: () => '' }
  const get = (mostBytes: number) =>
    download(reachOf(`${web.origin}/huge`, { mostBytes }, ctx), join(folder, 'huge'), () => {})
  await expect(get(2 ** 40)).rejects.toMatchObject({
    ...{ code: 'SOURCE_BROKEN', why: expect.stringContaining('its server says') },
    fix: expect.stringContaining('mostBytes'),
  })
  await expect(get(2 ** 53)).rejects.toMatchObject({ code: 'DISK_FULL', why: expect.stringContaining('room for') })
  expect(sent).toBeLessThan(64 << 20)
})
