import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../base/hash.ts'

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'|new URL\('(\.{1,2}\/[^']+)'/g

/**
 * The code hash of a module: its own contents and those of every relative import, static, lazy or by URL (workers and
 * WebAssembly), in order of path. It changes when anything that it runs changes, and only then.
 */
export function codeHash(module: string): string {
  const root = module.startsWith('file:') ? fileURLToPath(module) : module
  const known = cache.get(root)
  if (known) return known
  const seen = new Map<string, string>()
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return
    const source = readFileSync(file)
    seen.set(file, sha256(source))
    if (!file.endsWith('.ts')) return
    for (const [, imported, url] of source.toString('utf8').matchAll(IMPORT))
      visit(resolve(dirname(file), (imported ?? url) as string))
  }
  visit(root)
  const base = dirname(root)
  const lines = [...seen].map(([file, hash]) => `${relativeTo(base, file)} ${hash}`).sort()
  const hash = sha256(lines.join('\n'))
  cache.set(root, hash)
  return hash
}

const cache = new Map<string, string>()

/** Paths as seen from the module, so that the hash does not depend on where the checkout lies. */
function relativeTo(base: string, file: string): string {
  const from = base.split('/')
  const to = file.split('/')
  let same = 0
  while (same < from.length && from[same] === to[same]) same++
  return [...from.slice(same).map(() => '..'), ...to.slice(same)].join('/')
}
