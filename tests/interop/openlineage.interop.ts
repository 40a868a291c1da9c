import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { galley, recipeFile } from '../e2e/command.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
/** The specification's own files: not part of the product, so they lie beside the checkout where they are there at all. */
const schemas = join(import.meta.dirname, '../../../shared/schemas/openlineage')
const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const there = existsSync(schemas)
if (!there) process.stdout.write('not run: OpenLineage events against the official schemas, which are not beside this checkout\n') // biome-ignore format: one line

test.skipIf(!there)(
  'every event of a run is valid by the schemas of OpenLineage, each facet by its own',
  { timeout: 240_000 },
  async () => {
    // biome-ignore format: one line
    const home = join(folder, 'home')
    const lines = Array.from({ length: 400 }, (_, i) => `${['서울', 'Busan'][i % 2]},${i},${(i * 7) % 11 > 5}`)
    writeFileSync(join(folder, 'sales.csv'), `${['city,n,late', ...lines].join('\n')}\n`)
    const file = recipeFile(
      folder,
      'sales',
      `const sales = k.source('sales', csv('sales.csv', { city: 'string', n: 'int64', late: 'bool' }))
     const clean = k.step('clean', sales.filter((r) => r.n.gt(0)))
     const d = k.dataset('features', clean.derive((r) => ({ double: r.n.times(2) })), {
       split: (r) => ({ train: r.n.lt(200), validate: r.n.lt(300), test: r.n.ge(300) }),
       expect: (r, e) => [e.range(r.double, { min: 0 }), e.notNull(r.city).warn()] })
     k.analyse(d, { target: 'late' })
     const model = k.train('late', d, { target: 'late', features: ['double', 'n'], candidates: [logistic()] })
     k.serve('late-now', model, { entry: 'sales', input: ['city', 'n'] })`,
    )
    const ran = await galley(home, 'run', file)
    writeFileSync(join(folder, 'sales.csv'), 'city,n,late\n서울,x,true\n')
    const broke = await galley(home, 'run', file)
    expect([ran.code, broke.code, ran.err]).toEqual([0, 1, expect.anything()])
    const input = (await galley(home, 'runs', 'lineage', '1')).out + (await galley(home, 'runs', 'lineage', '2')).out
    const out = execFileSync(python, [join(import.meta.dirname, 'openlineage.py'), schemas], {
      input,
      encoding: 'utf8',
    })
    const found = JSON.parse(out) as { events: number; facets: Record<string, number>; errors: string[] }
    expect(found.errors).toEqual([])
    expect(found.events).toBe(14 + 4)
    expect(Object.keys(found.facets).sort()).toEqual([
      'columnLineage',
      'datasetType',
      'errorMessage',
      'inputStatistics',
      'jobType',
      'outputStatistics',
      'parent',
      'processing_engine',
      'schema',
      'tags',
      'test',
      'version',
    ])
  },
)
