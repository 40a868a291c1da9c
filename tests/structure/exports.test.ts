import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, withoutComments } from './sources.ts'

/** The names that `import … from 'galley'` gives, types marked. Every change of the public map shows here. */
function publicNames(): string[] {
  const text = withoutComments(readFileSync(join(ROOT, 'src', 'index.ts'), 'utf8'))
  const names: string[] = []
  for (const [, typeOnly, list] of text.matchAll(/\bexport\s+(type\s+)?\{([^}]*)\}/g))
    for (const item of (list ?? '').split(',')) {
      const words = item.trim().split(/\s+/).filter(Boolean)
      const name = words.at(-1)
      if (name) names.push(typeOnly || words[0] === 'type' ? `type ${name}` : name)
    }
  for (const [, name] of text.matchAll(/\bexport\s+(?:async\s+)?(?:const|function|class)\s+(\w+)/g))
    if (name) names.push(name)
  expect(text, 'the public map names what it exports').not.toMatch(/export\s+\*/)
  return names.sort()
}

it('the public map is the one that was agreed (npm run unit -- -u tests/structure accepts a change)', async () => {
  await expect(`${publicNames().join('\n')}\n`).toMatchFileSnapshot('exports.snapshot.txt')
})

it('every name of the public map is there', async () => {
  const module = (await import('../../src/index.ts')) as Record<string, unknown>
  const values = publicNames().filter((name) => !name.startsWith('type '))
  expect(values.filter((name) => module[name] === undefined)).toEqual([])
})
