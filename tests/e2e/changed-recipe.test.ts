import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { galley, recipeFile } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-changed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

test('a definition that changed is named by explain before it runs, by the run, and by what is kept of it', async () => {
  const home = join(folder, 'home')
  writeFileSync(
    join(folder, 'orders.csv'),
    `city,minutes\n${Array.from({ length: 40 }, (_, i) => `서울,${i}`).join('\n')}\n`,
  )
  const orders = (late: number, keep: number) =>
    recipeFile(
      folder,
      'orders',
      `const raw = k.source('orders', csv('orders.csv', { city: 'string', minutes: 'int64' }))
       const clean = k.step('clean', raw.filter((r) => r.minutes.ge(${keep})).derive((r) => ({ late: r.minutes.gt(${late}) })))
       k.dataset('by-city', clean.aggregate(['city'], () => ({ n: count() })))`,
    )
  const recipe = orders(15, 0)
  const first = await galley(home, 'run', recipe)
  expect(first).toMatchObject({ code: 0 })
  expect(first.err).not.toContain('because')
  expect((await galley(home, 'run', recipe)).err).not.toContain('because')

  orders(20, 1)
  const told = (await galley(home, 'explain', recipe, 'clean', '--no-sql')).out
  expect(told).toContain('by another plan, so it is computed again')
  expect(told).toContain("column 'late' changed its definition: minutes > 15 → minutes > 20")
  expect(told).toContain('rows are chosen by another filter: minutes ≥ 0 → minutes ≥ 1')
  const again = await galley(home, 'run', recipe)
  expect(again).toMatchObject({ code: 0 })
  expect(again.err).toContain("because column 'late' changed its definition: minutes > 15 → minutes > 20")
  expect(again.err).toMatch(/by-city .*\n {6}because 'clean' changed\n/)
  expect((await galley(home, 'explain', recipe, 'clean', '--no-sql')).out).not.toContain('changed its definition')

  // a server answers from here on
  const shown = (await galley(home, 'runs', 'show', '3')).out
  expect(shown).toContain("clean ran again because column 'late' changed its definition")
  const differ = (await galley(home, 'runs', 'diff', '1', '3')).out
  expect(differ).toContain("clean\n  column 'late' changed its definition: minutes > 15 → minutes > 20\n")
  expect((await galley(home, 'runs', 'diff', '1', '2')).out).toContain('ran the same recipe')
  expect(await galley(home, 'runs', 'diff', '1', '9')).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no run 9'),
  })
}, 180_000)
