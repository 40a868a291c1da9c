import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from '../../../scripts/browser/sha256.ts'

test('is the one of Node, at every length around a block', () => {
  for (let n = 0; n < 200; n++) {
    const bytes = randomBytes(n)
    expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})
