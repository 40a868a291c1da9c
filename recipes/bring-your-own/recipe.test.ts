import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bringYourOwn } from './recipe.ts'

// `npm run interop -- byo` runs it with the libraries themselves
test.each(['sklearn', 'lightgbm', 'torch'] as const)(
  'the recipe with %s is declared, and names a script that leaves what it says',
  (by) => {
    const { steps } = bringYourOwn({ by })
    expect(steps.map((s) => s.kind)).toEqual(['source', 'dataset', 'table', 'process', 'dataset', 'onnx', 'evaluate', 'serve']) // biome-ignore format: one line
    const { command, leaves } = (steps[3]?.spec ?? {}) as { command: string[]; leaves: Record<string, string> }
    const script = readFileSync(join(import.meta.dirname, command[1] ?? ''), 'utf8')
    for (const file of Object.values(leaves)) expect(script).toContain(`"${file}"`)
    expect(script).toContain('ask["rows"]')
  },
)
