import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codeHash } from './code.ts'

test('the code hash follows imports, static, lazy and by URL, and does not depend on where the files lie', () => {
  const write = (changed: Record<string, string> = {}): string => {
    const folder = mkdtempSync(join(tmpdir(), 'galley-code-'))
    const files = {
      'main.ts':
        "import { a } from './a.ts'\nconst b = () => import('./b.ts')\nconst w = new URL('./w.wasm', import.meta.url)\n",
      'a.ts': 'export const a = 1\n',
      'b.ts': 'export const b = 2\n',
      'w.wasm': 'binary',
      'other.ts': 'export const other = 3\n',
      ...changed,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const hash = codeHash(join(folder, 'main.ts'))
    rmSync(folder, { recursive: true })
    return hash
  }
  const base = write()
  expect(write()).toBe(base)
  expect(write({ 'other.ts': 'changed' })).toBe(base)
  for (const name of ['main.ts', 'a.ts', 'b.ts', 'w.wasm'])
    expect(
      write({ [name]: "import { a } from './a.ts' // changed\nimport('./b.ts')\nnew URL('./w.wasm', '')" }),
      name,
    ).not.toBe(base)
})
