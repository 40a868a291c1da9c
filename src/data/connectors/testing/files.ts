import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SourceSnapshot } from '../connector.ts'
import type { Cells, Columns } from './rows.ts'

/** What the suite hands over. */
interface Given {
  readonly folder: string
  write(columns: Columns, rows: Cells): Promise<string>
  load(path: string, columns: Columns): Promise<SourceSnapshot>
  rowsOf(s: SourceSnapshot): Promise<readonly (readonly unknown[])[]>
  readonly columns: Columns
  readonly rows: Cells
  readonly values: readonly (readonly unknown[])[]
}

/** What every connector of single files holds to. */
export function brokenFiles({ folder, write, load, rowsOf, columns, rows, values }: Given): void {
  test('refuses what is no such file', async () => {
    const path = await write({ amount: 'int64' }, [['1']])
    const fails = async (p: string, code: string) => {
      await expect(load(p, { amount: 'int64' })).rejects.toMatchObject({
        code,
        what: expect.any(String),
        fix: expect.any(String),
      })
    }
    await fails(folder, 'SOURCE_MISSING')
    writeFileSync(path, '')
    await fails(path, 'SOURCE_BROKEN')
    writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)))
    await expect(load(path, { amount: 'int64' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(SOURCE_|PLAN_UNKNOWN_COLUMN)/),
    })
  })

  test('a file that ends anywhere gives rows that it has, or says that it is broken', async () => {
    const path = await write(columns, rows)
    const bytes = readFileSync(path)
    const step = Math.max(1, Math.floor(bytes.length / 40))
    for (let end = 1; end < bytes.length; end += step) {
      writeFileSync(path, bytes.subarray(0, end))
      const got = await load(path, { id: 'int64', text: 'string' }).catch((error: { code?: string }) => error.code)
      if (typeof got === 'string' || got === undefined) expect(got).toMatch(/^(SOURCE_|PLAN_UNKNOWN_COLUMN)/)
      else {
        const places = ['id', 'text'].map((n) => Object.keys(columns).indexOf(n))
        const found = await rowsOf(got)
        // of a value that is cut its beginning may be left
        const whole = values.slice(0, Math.max(0, found.length - 1)).map((r) => places.map((p) => r[p]))
        expect(whole).toEqual(found.slice(0, -1))
      }
    }
  })

  test('a path that does not exist tells the nearest names', async () => {
    const path = await write({ amount: 'int64' }, [['1']])
    const near = join(folder, path.slice(folder.length + 1).replace(/-(\d)/, '-x$1'))
    await expect(load(near, { amount: 'int64' })).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
      fix: expect.stringMatching(/did you mean/),
    })
  })
}
