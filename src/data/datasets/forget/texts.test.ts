import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { linesWith } from './texts.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-texts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'rows.csv')
const linesOf = (text: string, value: string) => {
  writeFileSync(file, text)
  return linesWith(file, value)
}

test.each([
  ['a line that says it twice', '1,kim,kim\n2,lee\n3,kim\n', 'kim', 2],
  ['a separator of lines that is none here', 'a,kim\u2028jr\nb,kim\u2028jr\n', 'kim\u2028jr', 2],
  ['a value of two lines', '1,"kim\njr"\n2,kim\n', 'kim\njr', 1],
  ['quotes of CSV', '1,"kim ""the boss"""\n', 'kim "the boss"', 1],
  ['escapes of JSON', '{"a":"kim \\"x\\"\\n"}\n', 'kim "x"\n', 1],
  [
    'escapes of all that is not ASCII',
    '{"a":"\\uae40\\ud83d\\ude00"}\n{"a":"\\uAE40\\uD83D\\uDE00"}\n',
    '김\u{1f600}',
    2,
  ],
  ['a slash that is escaped', '{"a":"x\\/y"}\n', 'x/y', 1],
  ['nothing', '', 'kim', 0],
  ['no value', 'a\nb\n', '', 0],
])('%s', async (_, text, value, lines) => {
  expect(await linesOf(text, value)).toBe(lines)
})

test('a value on the seam of two pieces that are read, and a line longer than these', async () => {
  const long = 'x'.repeat(65_533)
  expect(await linesOf(`${long}kim-jr${long}${long}kim-jr\n${long}kim-jr\n`, 'kim-jr')).toBe(2)
})
