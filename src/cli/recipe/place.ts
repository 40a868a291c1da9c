import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { GalleyError } from '../../base/errors.ts'

/** A place in a file that somebody wrote; the line and the column count from 1. What can't be parsed has only a line. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column?: number
}

const GALLEY = new URL('../../', import.meta.url).href
/** A place at the end of a line of a stack: `at declare (file:///recipes/a.ts:12:9)`. */
const FRAME = /^\s*at .*?\(?((?:file:\/\/)?\/[^()]*):(\d+):(\d+)\)?$/
/** The first line of the stack of a file that can't be parsed, or whose imports don't exist. */
const UNREAD = /^((?:file:\/\/)?\/.*):(\d+)$/
/** Calls inside each other that an error remembers: checks go down expressions of any depth before one is thrown. */
const FRAMES = 1000

/** Runs something whose errors remember enough calls for `placeOf`. */
export async function remembering<T>(work: () => Promise<T>): Promise<T> {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  try {
    return await work()
  } finally {
    Error.stackTraceLimit = before
  }
}

interface Frame {
  readonly url: string
  readonly line: number
  readonly column?: number
}

/** The calls that an error remembers, the innermost first; of Node's own none. */
function* framesOf(thrown: Error): Iterable<Frame> {
  const lines = (thrown.stack ?? '').split('\n')
  const [, file, unread] = (thrown instanceof SyntaxError && UNREAD.exec(lines[0] ?? '')) || []
  if (file !== undefined) yield { url: urlOf(file), line: Number(unread) }
  for (const text of lines) {
    const [, at, line, column] = FRAME.exec(text) ?? []
    if (at !== undefined) yield { url: urlOf(at), line: Number(line), column: Number(column) }
  }
}

const urlOf = (at: string): string => (at.startsWith('file:') ? at : pathToFileURL(at).href)

/** Where in somebody's own files the call is that ended in an error: the first frame outside Galley and packages. */
export function placeOf(thrown: unknown): Place | undefined {
  if (!(thrown instanceof Error)) return undefined
  // what happened first is what is wrong
  const inner = placeOf(thrown.cause)
  if (inner) return inner
  for (const { url, line, column } of framesOf(thrown))
    if (!url.startsWith(GALLEY) && !url.includes('/node_modules/'))
      return { file: shown(fileURLToPath(url)), line, ...(column === undefined ? {} : { column }) }
  return undefined
}

/** Whether an error is Galley's own code failing, not what called it. */
export function withinGalley(thrown: Error): boolean {
  for (const { url } of framesOf(thrown)) return url.startsWith(GALLEY)
  return false
}

/** A file as it is named from here: from the present folder on where it lies below it. */
function shown(file: string): string {
  const near = relative(process.cwd(), file)
  return near.startsWith('..') ? file : near
}

/** The same error with its place in the file, which says more than the step that it stands behind. */
export function located(error: GalleyError, at: Place | undefined): GalleyError {
  if (!at || error.details['at'] !== undefined) return error
  const said = error.details['recipe'] !== undefined && error.cause instanceof GalleyError ? error.cause : error
  return new GalleyError(error.code, {
    what: said.what,
    ...(said.why ? { why: said.why } : {}),
    ...(said.fix ? { fix: said.fix } : {}),
    details: { ...error.details, at },
    cause: error,
  })
}
