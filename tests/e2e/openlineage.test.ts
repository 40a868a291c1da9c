import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LineageEvent } from '../../src/runs/lineage/openlineage/events.ts'
import { type Collector, openCollector } from './collector.ts'
import { ended, galley, recipeFile, start } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-openlineage-'))
const home = join(folder, 'home')
let collector: Collector<LineageEvent>
let file: string
beforeAll(async () => {
  collector = await openCollector<LineageEvent>()
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,3\n부산,-1\n')
  file = recipeFile(
    folder,
    'sales',
    `const sales = k.source('sales', csv('sales.csv', { city: 'string', n: 'int64' }))
     k.dataset('twice', k.step('cleaned', sales.filter((r) => r.n.gt(0))).derive((r) => ({ double: r.n.times(2) })),
       { expect: (r, e) => [e.range(r.double, { min: 0 }), e.notNull(r.city).warn()] })`,
  )
})
afterAll(() => {
  collector.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
const run = (env: Record<string, string>) =>
  ended(start(home, ['run', file], { OPENLINEAGE_URL: collector.url, ...env }))
const told = async (n: number): Promise<LineageEvent[]> =>
  (await galley(home, 'runs', 'lineage', `${n}`)).out.trim().split('\n').map((line) => JSON.parse(line)) // biome-ignore format: one line
const short = (e: LineageEvent) => `${e.eventType} ${e.job.name}`

test('a run tells a collector what it and its steps read and made, to the column', async () => {
  const ran = await run({ OPENLINEAGE_API_KEY: 'k-9f2', OPENLINEAGE_NAMESPACE: 'shop' })
  expect([ran.code, ran.err]).toEqual([0, expect.not.stringContaining('k-9f2')])
  expect(collector.got.map((g) => short(g.body)).sort()).toEqual(
    ['sales', 'sales.sales', 'sales.cleaned', 'sales.twice']
      .flatMap((job) => [`START ${job}`, `COMPLETE ${job}`])
      .sort(),
  )
  expect(new Set(collector.got.map((g) => `${g.path} ${g.headers.authorization}`))).toEqual(
    new Set(['/api/v1/lineage Bearer k-9f2']),
  )
  const of = (job: string) => collector.got.find((g) => short(g.body) === `COMPLETE ${job}`)?.body as LineageEvent
  const whole = of('sales')
  expect(collector.got[0]?.body.run.runId).toBe(whole.run.runId)
  const [cleaned, twice] = [of('sales.cleaned'), of('sales.twice')]
  expect(cleaned.run.facets['parent']).toMatchObject({ run: { runId: whole.run.runId }, job: { name: 'sales' } })
  expect(of('sales.sales').inputs[0]).toMatchObject({ namespace: 'file', name: join(folder, 'sales.csv') })
  expect(twice.outputs[0]).toMatchObject({
    namespace: 'shop/default',
    name: 'twice',
    facets: {
      version: { datasetVersion: '1' },
      schema: { fields: [{ name: 'city', type: 'string' }, { name: 'n', type: 'int64' }, { name: 'double' }] },
      columnLineage: {
        fields: {
          double: {
            inputFields: [
              { namespace: 'shop/default', name: 'sales.cleaned', field: 'n', transformations: [{ type: 'DIRECT', subtype: 'TRANSFORMATION' }] },
            ],
          },
        },
      },
    },
    outputFacets: { outputStatistics: { rowCount: 1 } },
  }) // biome-ignore format: as it reads
  expect(cleaned.outputs[0]?.facets['columnLineage']).toMatchObject({
    dataset: [{ name: 'sales.sales', field: 'n', transformations: [{ type: 'INDIRECT', subtype: 'FILTER' }] }],
  })
  expect(twice.run.facets['test']).toMatchObject({
    tests: [
      { status: 'pass', severity: 'error', type: 'range' },
      { status: 'pass', severity: 'warn' },
    ],
  })
}, 120_000)

test('it can be told again from the record; a collector that is down or refuses fails no run', async () => {
  const before = collector.got.length
  expect((await told(1)).map(short)).toHaveLength(8)
  collector.answer(503)
  const refused = await run({})
  expect([refused.code, refused.err]).toEqual([0, expect.stringContaining('it answered 503')])
  const gone = await run({ OPENLINEAGE_URL: 'http://127.0.0.1:9' })
  expect(gone.code).toBe(0)
  expect((await run({ OPENLINEAGE_DISABLED: 'true' })).err).not.toContain('503')
  expect(collector.got).toHaveLength(before)
  const cached = (await told(2)).find((e) => short(e) === 'COMPLETE sales.twice')
  expect(cached?.run.facets['tags']).toMatchObject({ tags: [{ key: 'cached', value: 'true' }] })
  collector.answer(201)
}, 120_000)

test('a step that fails says why, and the run with it; a wrong URL is told at once', async () => {
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,three\n')
  expect((await run({})).code).toBe(1)
  const events = collector.got.slice(-4).map((g) => g.body)
  expect(events.map(short)).toEqual(['START sales', 'START sales.sales', 'FAIL sales.sales', 'FAIL sales'])
  expect(events[2]?.run.facets['errorMessage']).toMatchObject({ message: expect.stringContaining('three') })
  expect(events[2]?.outputs).toEqual([])
  const wrong = await run({ OPENLINEAGE_URL: 'catalogue.local' })
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('OPENLINEAGE_URL')])
}, 120_000)
