import { pathSteps } from '../../plan/functions/json-path.ts'
import { invalid } from '../values.ts'

const steps = new Map<string, (string | number)[]>()

/** What a JSON text holds at a path; undefined when it holds nothing there. @throws VALUE_INVALID when it is not JSON */
export function jsonAt(text: string, path: string): unknown {
  let way = steps.get(path)
  if (!way) steps.set(path, (way = pathSteps(path)))
  let at: unknown
  try {
    at = JSON.parse(text)
  } catch {
    throw invalid('the text is not JSON', `it begins with ${JSON.stringify(text.slice(0, 40))}`)
  }
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
