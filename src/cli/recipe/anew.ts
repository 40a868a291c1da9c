import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How the files of a recipe were when it was loaded, by their addresses. */
interface Loaded {
  readonly tag: string
  readonly files: Map<string, string>
}

const loaded = new Map<string, Loaded>()
let loads = 0

/** What tells a file that was changed. */
const stateOf = (url: string): string => {
  const info = statSync(fileURLToPath(url), { throwIfNoEntry: false })
  return `${info?.mtimeMs} ${info?.size}`
}

const TAG = /[?]at=(\d+)$/
const OWN = new URL('../../', import.meta.url).href
let hooked = false
/** A recipe anywhere on the disk says `from 'galley'`; it means the copy that runs it. Files that a recipe imports are loaded anew with it. */
export function hook(): void {
  if (hooked) return
  hooked = true
  const galley = new URL('index.ts', OWN).href
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'galley') return { url: galley, shortCircuit: true }
      const found = next(specifier, context)
      const tag = TAG.exec(context.parentURL ?? '')?.[1]
      const of = tag === undefined ? undefined : [...loaded.values()].find((l) => l.tag === tag)
      const { url } = found
      if (!of || !url.startsWith('file:') || url.startsWith(OWN) || /[?#]|[/]node_modules[/]/.test(url)) return found
      of.files.set(url, stateOf(url))
      return { ...found, url: `${url}?at=${tag}` }
    },
  })
}

/**
 * Loads a module as it is now, it and what it imports, though it was loaded before: a module is loaded once, so one of which a file has changed since is
 * loaded by another address. One that could not be loaded is tried again. Packages stay as they were loaded first.
 */
export async function importAnew(file: string): Promise<unknown> {
  const { href } = pathToFileURL(file)
  const before = loaded.get(href)
  const same = before && [...before.files].every(([url, state]) => stateOf(url) === state)
  const now = same ? before : { tag: `${++loads}`, files: new Map([[href, stateOf(href)]]) }
  loaded.set(href, now)
  try {
    return await import(`${href}?at=${now.tag}`)
  } catch (thrown) {
    loaded.delete(href)
    throw thrown
  }
}
