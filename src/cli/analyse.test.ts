import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { asGalleyError } from '../base/errors.ts'
import { analyse } from './analyse.ts'
import { errorText } from './output.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-analyse-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'sales.csv')
const lines = Array.from({ length: 60 }, (_, i) => `${['free', 'pro'][i % 2]},${i % 9 === 4 ? '' : 10 + ((i * 7) % 11) + (i % 2) * 4},${i}`) // biome-ignore format: one line
writeFileSync(file, ['plan,price,day', ...lines].join('\n'))

/** The command in this process: what it prints, or how it fails. */
async function galley(...args: string[]): Promise<{ exit: number; out: string }> {
  const lines: string[] = []
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  try {
    await analyse().parseAsync(args, { from: 'user' })
    return { exit: 0, out: lines.join('') }
  } catch (thrown) {
    const error = asGalleyError(thrown)
    return { exit: error.exit, out: errorText(error) }
  } finally {
    written.mockRestore()
  }
}

test('a file is analysed, rows by a condition, as JSON and as a page', async () => {
  const page = join(folder, 'page.html')
  const asked = ['--test', 'welch', '--value', 'price', '--by', 'plan', '--where', 'day < 40', '--lang', 'ko', '--html', page, '--json'] // biome-ignore format: one line
  const { exit, out } = await galley(file, ...asked)
  expect(exit).toBe(0)
  const { data, chart, sentence } = JSON.parse(out)
  expect(data).toMatchObject({ test: 'welch', leftOut: 4, groups: [{ name: 'free', n: 18 }, { name: 'pro', n: 18 }] }) // biome-ignore format: one line
  expect(chart.layer).toHaveLength(4)
  expect(sentence).toMatch(/'free'.*'pro'.*값이 빠진 행 4개는 제외했습니다\.$/)
  expect(readFileSync(page, 'utf8')).toMatch(/<svg role="img"/)
})

test.each([
  [[file, '--test', 'welsh', '--value', 'price'], 2, /did you mean 'welch'/],
  [[file, '--test', 'welch', '--value', 'price'], 2, /needs a column as 'by'/],
  [[file, '--test', 'welch', '--value', 'prize', '--by', 'plan'], 2, /did you mean 'price'/],
  [[file, '--test', 'welch', '--value', 'plan', '--by', 'plan'], 1, /'plan' holds texts/],
  [
    [file, '--test', 't', '--value', 'price', '--by', 'plan', '--set', 'groups'],
    2,
    /a setting is a name, = and a value/,
  ],
  [['--test', 't', '--value', 'price', '--by', 'plan'], 2, /needs rows/],
  [[file], 2, /no analysis is named/],
])('%j', async (args, exit, said) => {
  const { exit: found, out } = await galley(...args)
  expect(out).toMatch(said)
  expect(out).toMatch(/why: .*\n +fix: /s)
  expect(found).toBe(exit)
})

test('every analysis is listed, and power needs no rows', async () => {
  const { out } = await galley('--list')
  expect(out).toMatch(/^welch {2}means of two groups \(Welch\)\n {4}--value/m)
  expect((await galley('--test', 'power', '--set', 'effect=0.5')).out).toContain('64 + 64 rows are needed')
})
