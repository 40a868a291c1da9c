import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, describe, expect, test } from 'vitest'
import { csvReader } from './csv/testing.ts'
import type { CsvOptions } from './csv.ts'

const { folder, read, close } = csvReader()
afterAll(close)
const AB = { a: 'int64', b: 'string' } as const

describe('encodings', () => {
  const text = 'a,b\n1,서울 똠방각하\n2,"부산, 해운대"\n'
  const values = [
    { a: '1', b: '서울 똠방각하' },
    { a: '2', b: '부산, 해운대' },
  ]
  const cp949 = iconv.encode(text, 'cp949')
  const found: [what: string, bytes: Uint8Array, encoding: string, options?: CsvOptions][] = [
    ['UTF-8', Buffer.from(text), 'UTF-8'],
    ['CP949, with syllables that EUC-KR lacks', cp949, 'CP949'],
    ['UTF-16 with a byte order mark', iconv.encode(text, 'utf-16le', { addBOM: true }), 'UTF-16LE'],
    ['UTF-16 the other way round', iconv.encode(text, 'utf-16be', { addBOM: true }), 'UTF-16BE'],
    ['UTF-16 without a mark, said', iconv.encode(text, 'utf-16le'), 'UTF-16LE', { encoding: 'utf-16le' }],
    ['UTF-16 without a mark', iconv.encode(text, 'utf-16le'), 'UTF-16LE'],
    ['UTF-16 without a mark, the other way round', iconv.encode(text, 'utf-16be'), 'UTF-16BE'],
    ['gzip', gzipSync(text), 'UTF-8'],
    ['gzip of CP949', gzipSync(cp949), 'CP949'],
  ]
  test.each(found)('%s', async (_, bytes, encoding, options) => {
    const got = await read(bytes, AB, options)
    expect([got.encoding, got.values]).toEqual([encoding, values])
    expect(readdirSync(folder)).not.toContain('utf8.csv')
  })

  test('of a file of any size, wherever a part of it ends', async () => {
    const long = `a,b\n${Array.from({ length: 200_000 }, (_, i) => `${i},${'김치'.repeat(i % 3)}`).join('\n')}\n`
    for (const bytes of [
      Buffer.from(long),
      iconv.encode(long, 'cp949'),
      iconv.encode(long, 'utf-16le', { addBOM: true }),
    ])
      expect((await read(bytes, AB)).rows).toBe(200_000)
  })

  const fails: [what: string, bytes: Uint8Array, why: string, options?: CsvOptions][] = [
    ['Latin, of which none is said', iconv.encode('a,b\n1,café\n2,naïve\n', 'latin1'), 'byte 10 begins no character'],
    ['Japanese', iconv.encode('a,b\n1,こんにちは世界\n', 'shift_jis'), 'byte 7 begins no character'],
    [
      'CP949 with a byte of none',
      Buffer.concat([cp949, Buffer.from([0x33, 0x2c, 0xff, 0x0a])]),
      'line 4 has bytes',
      { encoding: 'cp949' },
    ],
    ['UTF-16 without a mark or a line end', Buffer.from('a,b', 'utf16le'), 'NUL'],
    ['what is neither', Buffer.from('a,b\n\0\n1,\xff\n', 'latin1'), 'begins no character'],
    [
      'a lone surrogate',
      Buffer.concat([iconv.encode(text, 'utf-16le', { addBOM: true }), Buffer.from([0x00, 0xd8, 0x0a, 0x00])]),
      'no UTF-16LE',
    ],
    ['a cut gzip', gzipSync(text).subarray(0, 40), "can't be unpacked"],
    ['a bomb', gzipSync(Buffer.alloc(300 << 20, 'a')), 'more than 200 times its size'],
    ['a PNG', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]), 'PNG image'],
    ['Excel', Buffer.from('PK\x03\x04 and so on'), 'Excel'],
    ['Parquet', Buffer.from('PAR1 and so on'), 'Parquet'],
  ]
  test.each(fails)('not %s', (_, bytes, why, options) =>
    expect(read(bytes, AB, options)).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      why: expect.stringContaining(why),
      fix: expect.any(String),
    }),
  )
  test('nor an encoding that is unknown', () =>
    expect(read(text, AB, { encoding: 'klingon' })).rejects.toMatchObject({ code: 'RECIPE_INVALID' }))
})
