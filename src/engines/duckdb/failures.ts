import { asGalleyError, cancelled, GalleyError } from '../../base/errors.ts'
import type { RunContext } from '../engine.ts'

/** What is said of a query that may take no more memory. */
export const OUT_OF_MEMORY = 'the query needs more memory than it may take'

/** Whether a query failed for a value that has no room or no meaning in its type, and not for memory, files or being cancelled. */
export const ofValue = (error: unknown): boolean =>
  /^(Conversion|Out of Range|Invalid Input) Error/i.test(error instanceof Error ? error.message : String(error))

/** Whether it is the system's own word: of a file that the work around a query asked for, not of the query. */
const ofSystem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error

/** DuckDB's errors by kind; what the system says is left to whoever asked it. */
export function translate(error: unknown, ctx: RunContext): Error {
  if (error instanceof GalleyError) return error
  if (ctx.signal.aborted) return cancelled(error)
  if (ofSystem(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  const first = (message.split('\n')[0] ?? message).replace(/^(\w+ )*Error: /, '')
  if (/no space left|disk quota|could not write all bytes|max_temp_directory_size/i.test(message))
    return new GalleyError('DISK_FULL', {
      what: 'the disk is full',
      why: first,
      fix: 'free some space or point GALLEY_HOME at a larger disk, then run the same command again',
      cause: error,
    })
  if (/^Out of Memory/i.test(message))
    return new GalleyError('ENGINE_FAILED', {
      what: OUT_OF_MEMORY,
      why: first,
      fix: 'raise GALLEY_MEMORY (MiB)',
      cause: error,
    })
  if (
    /magic bytes|too small to be a Parquet|failed to read file|decompress|no files found|^IO Error|not a parquet|corrupt|invalid parquet|TProtocolException|thrift|don't know what type/i.test(
      message,
    )
  )
    return new GalleyError('SOURCE_BROKEN', {
      what: 'a file could not be read',
      why: first,
      fix: 'check that the file is whole: copy or download it again',
      cause: error,
    })
  if (ofValue(error))
    return new GalleyError('VALUE_INVALID', {
      what: 'a value does not fit its operation',
      why: first,
      fix: 'clean the value first, or cast with onError: "null"',
      cause: error,
    })
  const other = asGalleyError(error)
  return other.code === 'INTERNAL_BUG'
    ? new GalleyError('ENGINE_FAILED', {
        what: 'the query failed',
        why: first,
        fix: 'run it again; if it repeats it is a bug in Galley: galley explain shows the query',
        cause: error,
      })
    : other
}
