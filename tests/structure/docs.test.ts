import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const seams = join(root, 'docs', 'seams')

/** A file that a page shows whole, and its text. */
interface Shown {
  readonly page: string
  readonly path: string
  readonly text: string
  /** All that the page says. */
  readonly whole: string
}

const shown = readdirSync(seams).flatMap((page): Shown[] =>
  [
    ...readFileSync(join(seams, page), 'utf8').matchAll(/`(src\/[^`\n]+\.ts)`[^\n]*\n\n```ts\n(import [\s\S]*?)```/g),
  ].map(([, path = '', text = '']) => ({ page, path, text, whole: readFileSync(join(seams, page), 'utf8') })),
)

test('what the examples of the seams import is there', () => {
  expect(shown.length).toBeGreaterThanOrEqual(6)
  const missing = shown.flatMap(({ page, path, text, whole }) =>
    [...text.matchAll(/import (?:type )?\{([^}]+)\} from '(\.[^']+)'/g)].flatMap(([, names = '', from = '']) => {
      const file = join(root, dirname(path), from)
      // a file that another example of the page adds
      const added = shown.find((s) => s.page === page && join(root, s.path) === file)
      if (!added && !existsSync(file)) return [`${page}: ${path} imports ${from}, which is not there`]
      const source = `${added?.text ?? readFileSync(file, 'utf8')}\n${whole}`
      return names
        .split(',')
        .map(
          (name) =>
            name
              .trim()
              .replace(/^type /, '')
              .split(' as ')[0] ?? '',
        )
        .filter(
          (name) =>
            name !== '' && !new RegExp(`export [^;\\n]*\\b${name}\\b|export \\{[^}]*\\b${name}\\b`).test(source),
        )
        .map((name) => `${page}: ${path} imports ${name} from ${from}, which exports no such name`)
    }),
  )
  expect(missing).toEqual([])
})
