import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { baseline, byTime, csv, logistic, recipe, targetEncode } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { run } from '../../src/runs/runner.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-training-'))
let galley: Galley
beforeAll(async () => {
  galley = await openGalley(readConfig({ GALLEY_HOME: join(folder, 'home'), GALLEY_LOG: 'silent' }))
}, 60_000)
afterAll(async () => {
  await galley.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

type Parts = Parameters<typeof byTime>[1]
const MONTHS: Parts = {
  train: ['2026-01-01', '2026-02-01'],
  validate: ['2026-02-01', '2026-03-01'],
  test: ['2026-03-01', '2026-04-01'],
}

/** A model of 270 rows, eight hours apart; `late` and `kind` say what a row's columns hold. */
function model(name: string, late: (at: Date, i: number) => boolean, parts: Parts, kind = (i: number) => `k${i % 3}`) {
  const rows = Array.from({ length: 270 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 8 * 3_600_000)
    return `${at.toISOString().slice(0, 19)},${late(at, i)},${i % 7},${kind(i)}`
  })
  writeFileSync(join(folder, `${name}.csv`), `at,late,size,kind\n${rows.join('\n')}\n`)
  return recipe(name, (k) => {
    const s = k.source(
      `${name}-s`,
      csv(`${name}.csv`, { at: 'local timestamp', late: 'bool', size: 'int64', kind: 'string' }),
    )
    const data = k.dataset(`${name}-d`, s, { moment: 'at', split: byTime('at', parts) })
    const m = k.train(`${name}-m`, data, {
      target: 'late',
      features: ['size'],
      fit: [targetEncode(['kind'])],
      candidates: [baseline({ by: ['kindRate'] }), logistic()],
    })
    k.serve(`${name}-e`, m, { entry: `${name}-s`, input: ['at', 'size', 'kind'] })
  })
}
const ran = async (r: ReturnType<typeof recipe>) =>
  run(galley.ware, await galley.scope(), r, { folder, signal: new AbortController().signal, on: () => {} })

test('a part to choose by that has no rows, or rows of one class, stops the run and is named', async () => {
  const empty = { ...MONTHS, validate: ['2025-01-01', '2025-02-01'] } as const
  await expect(ran(model('empty', (_, i) => i % 4 === 0, empty))).rejects.toMatchObject({
    code: 'TRAIN_DATA',
    what: "the part 'validate' has no rows",
    details: { part: 'validate', rows: 0 },
  })
  const unseen = { ...MONTHS, test: ['2027-03-01', '2027-04-01'] } as const
  await expect(ran(model('unseen', (_, i) => i % 4 === 0, unseen))).rejects.toMatchObject({
    code: 'TRAIN_DATA',
    what: "the part 'test' has no rows",
  })
  await expect(ran(model('one', (at, i) => at.getUTCMonth() !== 1 && i % 4 === 0, MONTHS))).rejects.toMatchObject({
    code: 'TRAIN_DATA',
    what: "the part 'validate' knows one class of 'late' only",
    why: expect.stringContaining('84 rows (false: 84)'),
  })
  await expect(ran(model('all', () => true, MONTHS))).rejects.toMatchObject({ details: { part: 'train', rows: 93 } })
})

test('parts that overlap or end before they begin are refused when they are declared', () => {
  const declared = (parts: Parts) => () => model('declared', () => true, parts)
  expect(declared({ ...MONTHS, validate: ['2026-01-15', '2026-03-01'] })).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID', what: "the parts 'train' and 'validate' share rows" }),
  )
  expect(declared({ ...MONTHS, test: ['2026-04-01', '2026-03-01'] })).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID', what: expect.stringContaining("'test' has no rows") }),
  )
  const reversed = Object.fromEntries(Object.entries(MONTHS).reverse())
  expect(declared(reversed)).not.toThrow()
  expect(declared({ late: ['2026-03-01', '2026-04-01'], early: ['2026-01-01 00:00:00', '2026-03-01'] })).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID', why: 'its dataset is split into late, early' }),
  )
})

test('text with NUL in it trains, and is served', async () => {
  const result = await ran(
    model(
      'nul',
      (_, i) => i % 4 === 0,
      MONTHS,
      (i) => `k${i % 3}\0`,
    ),
  )
  expect(result.outputs.size).toBe(4)
  const page = await galley.app().request('/v1/endpoints/nul-e', { headers: { host: '127.0.0.1' } })
  expect(await page.text()).toContain('\\u0000')
})
