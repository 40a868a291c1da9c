import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashFile } from './hash.ts'

test('a file of any length is hashed as its bytes at once are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-hash-'))
  try {
    for (const length of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 7]) {
      const bytes = Buffer.alloc(length, 'abcdefg')
      writeFileSync(join(folder, 'f'), bytes)
      expect(await hashFile(join(folder, 'f'))).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    await expect(hashFile(join(folder, 'f'), AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
    await expect(hashFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
