import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { BUILDS, binaryOf, build } from '../../scripts/wasm.ts'

test.each(BUILDS)('$name.wasm is what its source compiles to', async (one) => {
  expect(Buffer.compare(await build(one), await readFile(binaryOf(one)))).toBe(0)
})
