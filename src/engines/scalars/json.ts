import { pathSteps } from '../../plan/functions/json-path.ts'
import { invalid } from '../values.ts'

const ways = new Map<string, (string | number)[]>()

/**
 * What a JSON text holds at a path; undefined when it holds nothing there. Of two equal names the first counts.
 * @throws VALUE_INVALID when it is not JSON
 */
export function jsonAt(text: string, path: string): unknown {
  let way = ways.get(path)
  if (!way) ways.set(path, (way = pathSteps(path)))
  let at: unknown
  try {
    at = JSON.parse(text)
    if (halfPair(text)) at = undefined
  } catch {
    at = undefined
  }
  if (at === undefined) throw invalid('the text is not JSON', `it begins with ${JSON.stringify(text.slice(0, 40))}`)
  // JavaScript keeps the last of two equal names: where one may stand twice, the text itself is walked
  if (way.some((step) => typeof step === 'string' && mayRepeat(text, step))) return walk(text, way)
  for (const step of way) {
    if (typeof step === 'number') at = Array.isArray(at) ? at[step] : undefined
    else
      at =
        at !== null && typeof at === 'object' && !Array.isArray(at) && Object.hasOwn(at, step)
          ? (at as Readonly<Record<string, unknown>>)[step]
          : undefined
    if (at === undefined) return undefined
  }
  return at
}

/** Whether an escape stands for one half of a pair of UTF-16 alone, which is no character. */
function halfPair(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false
  for (const [, escaped] of text.matchAll(/\\(u[dD][89abAB]..\\u[dD][c-fC-F]|u[dD][89a-fA-F]|.)/g))
    if (escaped?.length === 3) return true
  return false
}

/** Escapes can spell a name in another way. */
function mayRepeat(text: string, name: string): boolean {
  const first = text.indexOf(`"${name}"`)
  return (first >= 0 && text.indexOf(`"${name}"`, first + 1) >= 0) || text.includes('\\u')
}

/** Follows a path through text that is known to be JSON. */
function walk(text: string, way: readonly (string | number)[]): unknown {
  let at = space(text, 0)
  for (const step of way) {
    const open = text[at]
    if (open !== (typeof step === 'number' ? '[' : '{')) return undefined
    at = space(text, at + 1)
    let found = false
    for (let i = 0; text[at] !== ']' && text[at] !== '}'; i++) {
      if (typeof step === 'string') {
        const end = skip(text, at)
        found = JSON.parse(text.slice(at, end)) === step
        at = space(text, space(text, end) + 1)
      } else found = i === step
      if (found) break
      at = space(text, skip(text, at))
      if (text[at] === ',') at = space(text, at + 1)
    }
    if (!found) return undefined
  }
  return JSON.parse(text.slice(at, skip(text, at)))
}

function space(text: string, at: number): number {
  while (/\s/.test(text[at] ?? '')) at++
  return at
}

/** The place just after the value that begins at `at`. */
function skip(text: string, at: number): number {
  let depth = 0
  do {
    const c = text[at]
    if (c === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
    } else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (depth === 0) {
      while (at < text.length && !/[\s,\]}]/.test(text[at] as string)) at++
      return at
    }
    at++
  } while (depth > 0)
  return at
}
