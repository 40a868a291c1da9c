import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { galley, recipeFile } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-lineage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

test('after a run, a column is traced by name, up and down; an unknown one is told', async () => {
  const home = join(folder, 'home')
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,3\n부산,-1\n')
  const file = recipeFile(
    folder,
    'sales',
    `const sales = k.source('sales', csv('sales.csv', { city: 'string', n: 'int64' }))
     k.dataset('twice', k.step('cleaned', sales.filter((r) => r.n.gt(0))).derive((r) => ({ double: r.n.times(2) })))`,
  )
  expect((await galley(home, 'lineage', 'n')).err).toContain('no recipe has run in this workspace')
  expect((await galley(home, 'run', file)).code).toBe(0)
  const up = await galley(home, 'lineage', 'double', '--rows')
  expect(up.out.split('\n')).toEqual([
    'twice.double  recipe sales',
    '  cleaned.n  TRANSFORMATION',
    '    sales.n  IDENTITY',
    '    sales.n  FILTER',
    '',
  ])
  const down = await galley(home, 'lineage', 'sales.city', '--down', '--json')
  expect(JSON.parse(down.out).links.map((l: { to: object }) => l.to)).toEqual([
    { recipe: 'sales', step: 'cleaned', kind: 'table', column: 'city' },
    { recipe: 'sales', step: 'twice', kind: 'dataset', column: 'city' },
  ])
  const wrong = await galley(home, 'lineage', 'doubel')
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("did you mean 'double'?")])
}, 90_000)
