import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { BUILDS, binaryOf, build } from '../../scripts/wasm.ts'

test.each(BUILDS.map((one) => [one.name, one] as const))('%s.wasm is what its source compiles to', async (_, one) => {
  expect(Buffer.compare(await build(one), await readFile(binaryOf(one)))).toBe(0)
})
