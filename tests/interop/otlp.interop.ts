import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { galley, recipeFile } from '../e2e/command.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

interface Read {
  readonly service: string
  readonly name: string
  /** Bytes of the ids. */
  readonly trace: number
  readonly id: number
  readonly parent: number
  readonly ms: number
  readonly status: number
  readonly attributes: Readonly<Record<string, string>>
}

test("every span of a run is read by OpenTelemetry's own messages", { timeout: 240_000 }, async () => {
  const home = join(folder, 'home')
  writeFileSync(join(folder, 'sales.csv'), 'city,n\n서울,3\n부산,-1\n')
  const file = recipeFile(
    folder,
    'sales',
    `const sales = k.source('sales', csv('sales.csv', { city: 'string', n: 'int64' }))
     k.dataset('positive', sales.filter((r) => r.n.gt(0)))`,
  )
  expect((await galley(home, 'run', file)).code).toBe(0)
  const input = (await galley(home, 'runs', 'trace', '1')).out
  const out = execFileSync(python, [join(import.meta.dirname, 'otlp.py')], { input, encoding: 'utf8' })
  const spans = JSON.parse(out) as Read[]
  expect(spans.map((s) => [s.service, s.name, s.trace, s.id, s.parent, s.status])).toEqual([
    ['galley', 'run sales', 16, 8, 0, 1],
    ['galley', 'source sales', 16, 8, 8, 1],
    ['galley', 'dataset positive', 16, 8, 8, 1],
  ])
  expect(spans.every((s) => s.ms >= 0 && s.ms < 240_000)).toBe(true)
  expect(spans[2]?.attributes).toMatchObject({
    'galley.run': 'int_value',
    'galley.step.cached': 'bool_value',
    'galley.output.name': 'string_value',
    'galley.output.rows': 'int_value',
  })
})
