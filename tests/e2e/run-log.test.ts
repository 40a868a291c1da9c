import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { remember } from '../../src/base/redact.ts'
import { csv, recipe } from '../../src/index.ts'
import { galley } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const lines = (least: number) =>
  recipe('logged', (k) => {
    const read = k.source('lines', csv('lines.csv', { id: 'int64', name: 'string' }, { broken: 'skip' }))
    k.dataset('kept', read.filter((r) => r.id.ge(least)))
  }) // biome-ignore format: one line

test('what a run told is kept line by line: steps, why they ran again, what failed; pages, levels, one step, no secret', async () => {
  writeFileSync(join(w.folder, 'lines.csv'), 'id,name\n1,a\n2,b\n')
  await w.ran(lines(0))
  await w.ran(lines(2))
  const log = async (run: string, query = {}) => (await w.client.runs.lines({ run, ...query })).items
  const first = await log('1')
  expect(first.map((l) => l.number)).toEqual(first.map((_, i) => i + 1))
  expect(first.map((l) => [l.step, l.message.split('  ')[0]])).toEqual([
    [null, 'logged begins'],
    ['lines', 'begins'],
    ['lines', '2 rows'],
    ['kept', 'begins'],
    ['kept', expect.stringMatching(/^kept@1/)],
    [null, 'the run is done'],
  ])
  expect(first.every((l, i) => l.at >= (first[i - 1]?.at ?? 0) && l.level === 'info')).toBe(true)
  const again = await log('2', { step: 'kept' })
  expect(again.at(-1)?.fields).toMatchObject({ cached: false, because: [expect.stringContaining('id ≥ 2')] })

  const page = await w.client.runs.lines({ run: '1', limit: 4 })
  const rest = await w.client.runs.lines({ run: '1', limit: 4, cursor: page.next as string })
  expect([...page.items, ...rest.items]).toEqual(first)
  expect(rest.next).toBeUndefined()

  remember('hunter-2-of-old')
  writeFileSync(join(w.folder, 'lines.csv'), 'id,hunter-2-of-old\n1,a\n')
  await expect(w.ran(lines(0))).rejects.toThrow()
  const failed = await log('3', { level: 'error' })
  expect(failed.map((l) => l.step)).toEqual(['lines', null])
  expect(failed[0]?.fields).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), fix: expect.any(String) })
  expect(JSON.stringify(await log('3'))).not.toContain('hunter-2-of-old')
  expect(JSON.stringify(failed)).toContain('‹secret›')

  const { out } = await galley(w.home, 'runs', 'log', '2')
  expect(out).toMatch(/info {3}kept {2}kept@2.*because/)
  expect((await galley(w.home, 'runs', 'log', '1', '--level', 'error')).out).toContain('it told nothing')
  expect((await galley(w.home, 'runs', 'log', '99')).code).toBe(2)

  await w.client.runs.clean({ body: { days: 30 } })
  expect(await log('1')).toEqual(first)
  await w.client.runs.clean({ body: { days: 0 } })
  expect(await log('1')).toEqual([])
})
