import { afterAll, expect, test } from 'vitest'
import { testContext } from '../../../engines/conformance/compare.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { csvReader } from './testing.ts'

const { engine, read, close } = csvReader()
afterAll(close)
const AB = { a: 'int64', b: 'string' } as const
const rowsOf = (path: string | undefined) =>
  engine.session(testContext(), (query) => query(`SELECT line, reason, "row" FROM read_parquet(${file(path ?? '')})`))
const REASON = 'a quote that is never closed, or follows one'

const cut: [what: string, text: string, line: number, tail: string[]][] = [
  ['a file that is cut within a quote', 'a,b\n1,x\n2,y\n3,"ab', 4, ['3,"ab']],
  ['all that follows it', 'a,b\n1,x\n2,"y\n3,z\n\n4,w\n', 3, ['2,"y', '3,z', '4,w']],
  ['lines that end in CRLF', 'a,b\r\n1,x\r\n2,"y\r\n3,z\r\n', 3, ['2,"y', '3,z']],
  ['a quote that closes and opens again', 'a,b\n1,x\n2,"y" "z\n3,z\n', 3, ['2,"y" "z', '3,z']],
  ['below a header of its own kind', '\n\na,"b\n"\n1,x\n2,"y\n', 6, ['2,"y']],
]
test.each(cut)('%s stops the load, or is set aside line by line', async (_, text, line, tail) => {
  const columns = text.includes('"b') ? { a: 'int64' } : AB
  await expect(read(text, columns as typeof AB)).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    what: expect.stringMatching(new RegExp(`^line ${line} of`)),
    why: `it has ${REASON}`,
  })
  const { rows, rejected, quarantine } = await read(text, columns as typeof AB, { broken: 'skip' })
  const kept = await rowsOf(quarantine)
  expect(rows).toBe(text.includes('2,y') ? 2 : 1)
  expect(rejected).toEqual({ [`broken line (${REASON})`]: tail.length })
  expect(kept.map((r) => r['row'])).toEqual(tail)
  expect([Number(kept[0]?.['line']), kept[0]?.['reason']]).toEqual([line, `has ${REASON}`])
})

test('a limit counts the lines that a quote has swallowed', async () => {
  const text = `a,b\n${Array.from({ length: 100 }, (_, i) => (i === 50 ? `${i},"x` : `${i},x`)).join('\n')}\n`
  await expect(read(text, AB, { broken: 'skip', mostBroken: '10%' })).rejects.toMatchObject({
    details: { broken: 50, rows: 100 },
  })
  expect((await read(text, AB, { broken: 'skip' })).rows).toBe(50)
})

test('more than a reader takes for one record is not read from its middle', async () => {
  const lines = Array.from({ length: 700_000 }, (_, i) => `${i},x`)
  const text = `a,b\n1,y\n2,"\n${lines.join('\n')}\n`
  await expect(read(text, AB, { broken: 'skip', mostBroken: 700_000 })).rejects.toMatchObject({
    details: { broken: 700_001, rows: 700_002 },
  })
})

test('whatever stands in a file, no record is lost without a word', async () => {
  const parts = ['a', '1', '"', '""', ',', '\n', ' ', 'é', '" ', ',"', '",', '"\n', 'x"']
  let seed = 11
  const random = (n: number) => {
    seed = (seed * 16807) % 2147483647
    return seed % n
  }
  for (let round = 0; round < 60; round++) {
    const odd = Array.from({ length: 30 }, () => (random(3) === 0 ? '1,x\n' : parts[random(parts.length)])).join('')
    const got = await read(`a,b\n1,x\n${odd}`, AB, { broken: 'skip' }).catch((error: unknown) => error)
    // that the reader and the look at all records agree is held to where it is read
    expect(got, JSON.stringify(odd)).not.toBeInstanceOf(Error)
    const { rejected, quarantine } = got as Awaited<ReturnType<typeof read>>
    const lost = Object.values(rejected).reduce((a, b) => a + b, 0)
    expect(lost === 0 ? 0 : (await rowsOf(quarantine)).length, JSON.stringify(odd)).toBe(lost)
  }
}, 60_000)
