import { copyFileSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { parquet, recipe } from '../../src/index.ts'
import { openGalley } from '../../src/main.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import { FLIGHTS, sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-changing-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const flights = recipe('changing', (k) => {
  const f = k.source('flights', parquet('flights.parquet', { delay: 'int64', origin: 'string' }))
  k.dataset(
    'kept',
    f.filter((r) => r.delay.gt(0)),
  )
})

test('a file that is read in place and changes before a later step has read it stops the run, and nothing of it is kept', async () => {
  const file = join(folder, 'flights.parquet')
  const [one, other] = [(await sampleFlights(join(folder, 'one'))).flights, FLIGHTS]
  copyFileSync(one, file)
  const galley = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent' })
  try {
    const scope = await galley.scope()
    const once = (on: (e: RunEvent) => void = () => {}) =>
      run(galley.ware, scope, flights, { folder, signal: new AbortController().signal, on })
    const change = once((e) => {
      if (e.type === 'done' && e.step === 'flights') copyFileSync(other, file)
    })
    await expect(change).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      what: expect.stringContaining('changed while'),
    })
    copyFileSync(one, file)
    const rows = async () => ((await once()).outputs.get('kept') as unknown as { rows: number }).rows
    const first = await rows()
    copyFileSync(other, file)
    expect(await rows()).not.toBe(first)
    // touched and the same: nothing to do anew
    copyFileSync(one, file)
    utimesSync(file, 1, 1)
    expect(await rows()).toBe(first)
  } finally {
    await galley.close()
  }
})
