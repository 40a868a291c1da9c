import { readdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sha256 } from '../../../base/hash.ts'
import { rememberHash, stampOf } from '../files.ts'
import { guarded, specOf } from '../testing/guarded.ts'

const g = guarded()
const rows = (n: number, cell: (i: number) => string = String) =>
  `n\n${Array.from({ length: n }, (_, i) => cell(i)).join('\n')}\n`

/** A file whose hash is known, as it is once it was read and had not been written to a moment before. */
async function known(name: string, text: string): Promise<{ path: string; hash: string }> {
  const path = g.put(name, text)
  const hash = sha256(text)
  rememberHash(String(await stampOf(path)), hash)
  return { path, hash }
}

test('what was begun is what is asked for, with the hash that was found meanwhile', async () => {
  const { path, hash } = await known('a.csv', rows(1000))
  const spec = specOf('csv', path, { n: 'int64' })
  const ctx = g.context({ inPlace: true })
  const plainly = await g.guard.snapshot('csv', spec, path, ctx)
  g.guard.begin('csv', spec, path, ctx)
  const ahead = await g.guard.snapshot('csv', spec, path, ctx)
  expect(ahead).toEqual(plainly)
  expect(ahead).toMatchObject({ hash, rows: 1000, files: [path] })
})

test('another question, and a file that was written to meanwhile, are asked anew', async () => {
  const { path, hash } = await known('b.csv', rows(10))
  const spec = specOf('csv', path, { n: 'int64' })
  g.guard.begin('csv', specOf('csv', path, { n: 'string' }), path, g.context())
  const copied = await g.guard.snapshot('csv', spec, path, g.context())
  expect(copied).toMatchObject({ hash, rows: 10, schema: [{ type: 'int64' }] })

  g.guard.begin('csv', spec, path, g.context())
  writeFileSync(path, rows(20))
  const anew = await g.guard.snapshot('csv', spec, path, g.context())
  expect(anew).toMatchObject({ hash: sha256(rows(20)), rows: 20 })
})

test('what can’t be read is told when it is asked for, and what nobody asks for ends with the guard', async () => {
  const { path } = await known(
    'c.csv',
    rows(10, (i) => (i === 5 ? 'x' : `${i}`)),
  )
  const spec = specOf('csv', path, { n: 'int64' })
  g.guard.begin('csv', spec, path, g.context())
  await expect(g.guard.snapshot('csv', spec, path, g.context())).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })

  const over = new AbortController()
  g.guard.begin('csv', spec, path, g.context({ signal: over.signal }))
  over.abort()
  await g.guard.close()
  expect(readdirSync(g.folder).filter((name) => name.startsWith('opened-'))).toEqual([])
})
