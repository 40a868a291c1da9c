import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..', '..')

export interface Source {
  /** Relative to the checkout, with `/`. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly isTest: boolean
}

/** TypeScript that people wrote, under the folders named; kernels in AssemblyScript and generated files apart. */
export function sourcesUnder(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    walk(join(ROOT, folder))
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.generated.ts'))
      .map((path) => relative(ROOT, path).split(sep).join('/'))
      .filter((path) => !/(^|\/)(assembly|fixtures)\//.test(path))
      .sort()
      .map((path) => {
        const text = readFileSync(join(ROOT, path), 'utf8')
        const isTest = /\.(test|test-d)\.ts$|\/(testing|conformance)[/.]/.test(path)
        return { path, text, lines: text.trimEnd().split('\n').length, isTest }
      }),
  )
}

function walk(folder: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
  return entries.flatMap((entry) => {
    if (entry.name === 'node_modules') return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? walk(path) : [path]
  })
}

/** The text without its comments; strings stay. */
export function withoutComments(text: string): string {
  const strings = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/
  const comments = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/
  return text.replace(
    new RegExp(`(${strings.source})|${comments.source}`, 'g'),
    (_, kept: string | undefined) => kept ?? '',
  )
}

/** The files that a file imports, types included, relative to the checkout; packages apart. */
export function importsOf(source: Source): string[] {
  const text = withoutComments(source.text)
  const patterns = [
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"](\.[^'"]+)['"]/g,
    /\bimport\s*['"](\.[^'"]+)['"]/g,
    /\bimport\s*\(\s*['"](\.[^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
  ]
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) =>
      relative(ROOT, resolve(ROOT, dirname(source.path), match[1] ?? ''))
        .split(sep)
        .join('/'),
    ),
  )
}
