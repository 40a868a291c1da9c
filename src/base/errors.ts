import { redactedJson } from './redact.ts'

/**
 * The one error class and the one table of codes. A code is `AREA_REASON`; the table gives the HTTP
 * status that the server answers and the exit code that the command line ends with.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped by a gate or quality check,
 * 4 a dependency is missing or down, 130 cancelled.
 */
export const CODES = {
  // base
  INTERNAL_BUG: { status: 500, exit: 1 },
  CANCELLED: { status: 499, exit: 130 },
  USAGE_INVALID: { status: 400, exit: 2 },
  CONFIG_INVALID: { status: 500, exit: 2 },
  DISK_FULL: { status: 507, exit: 1 },
  SECRET_UNKNOWN: { status: 500, exit: 2 },
  SECRET_INVALID: { status: 500, exit: 2 },
  ADDRESS_REFUSED: { status: 403, exit: 2 },
  // plan
  PLAN_UNKNOWN_COLUMN: { status: 400, exit: 2 },
  PLAN_TYPE_MISMATCH: { status: 400, exit: 2 },
  PLAN_DUPLICATE_COLUMN: { status: 400, exit: 2 },
  PLAN_INVALID: { status: 400, exit: 2 },
  PLAN_NEEDS_ORDER: { status: 400, exit: 2 },
  PLAN_FORMAT_NEWER: { status: 400, exit: 2 },
  PLAN_NEEDS_LABEL: { status: 400, exit: 2 },
  // engines
  ENGINE_GAP: { status: 501, exit: 1 },
  ENGINE_FAILED: { status: 500, exit: 1 },
  VALUE_INVALID: { status: 422, exit: 1 },
  DEVICE_MISSING: { status: 503, exit: 4 },
  // store
  STORE_UNAVAILABLE: { status: 503, exit: 4 },
  STORE_CORRUPT: { status: 500, exit: 1 },
  STORE_CONFLICT: { status: 409, exit: 1 },
  STORE_FORMAT_NEWER: { status: 500, exit: 2 },
  BLOB_UNKNOWN: { status: 404, exit: 1 },
  // tenancy
  WORKSPACE_UNKNOWN: { status: 404, exit: 2 },
  BRANCH_UNKNOWN: { status: 404, exit: 2 },
  PROMOTE_CONFLICT: { status: 409, exit: 1 },
  PROMOTE_REFUSED: { status: 422, exit: 1 },
  // data
  SOURCE_MISSING: { status: 404, exit: 2 },
  SOURCE_BROKEN: { status: 422, exit: 1 },
  SOURCE_HOSTILE: { status: 422, exit: 1 },
  SOURCE_SCHEMA: { status: 422, exit: 1 },
  SOURCE_UNREACHABLE: { status: 503, exit: 4 },
  SOURCE_REFUSED: { status: 502, exit: 4 },
  SOURCE_UNKNOWN: { status: 404, exit: 2 },
  SOURCE_BUSY: { status: 503, exit: 4 },
  BATCH_BUSY: { status: 409, exit: 1 },
  BATCH_DIFFERS: { status: 422, exit: 1 },
  DATASET_UNKNOWN: { status: 404, exit: 2 },
  DATASET_EMPTY: { status: 422, exit: 1 },
  DATASET_SCHEMA: { status: 422, exit: 1 },
  DATASET_KEYS: { status: 422, exit: 1 },
  DATASET_PARTITIONS: { status: 422, exit: 1 },
  QUALITY_FAILED: { status: 422, exit: 3 },
  // runs
  RECIPE_INVALID: { status: 400, exit: 2 },
  RECIPE_NOT_FOUND: { status: 404, exit: 2 },
  RUN_UNKNOWN: { status: 404, exit: 2 },
  APPROVAL_UNKNOWN: { status: 404, exit: 2 },
  APPROVAL_REJECTED: { status: 422, exit: 3 },
  JOB_UNKNOWN: { status: 404, exit: 2 },
  POOL_UNKNOWN: { status: 404, exit: 2 },
  CALENDAR_UNKNOWN: { status: 404, exit: 2 },
  SCHEDULE_UNKNOWN: { status: 404, exit: 2 },
  PARTITION_UNKNOWN: { status: 404, exit: 2 },
  SCHEDULE_INVALID: { status: 400, exit: 2 },
  LINEAGE_UNKNOWN: { status: 404, exit: 2 },
  STEP_TIMED_OUT: { status: 504, exit: 1 },
  RUN_TIMED_OUT: { status: 504, exit: 1 },
  STEP_FAILED: { status: 500, exit: 1 },
  BUDGET_EXCEEDED: { status: 422, exit: 3 },
  // ml
  ANALYSIS_DATA: { status: 422, exit: 1 },
  TRAIN_DATA: { status: 422, exit: 1 },
  GATE_REFUSED: { status: 422, exit: 3 },
  MODEL_UNKNOWN: { status: 404, exit: 2 },
  MODEL_INVALID: { status: 422, exit: 1 },
  MODEL_FAILED: { status: 500, exit: 1 },
  ONNX_MISSING: { status: 503, exit: 4 },
  MODEL_FORMAT_NEWER: { status: 500, exit: 2 },
  ENDPOINT_UNKNOWN: { status: 404, exit: 2 },
  ENDPOINT_NOT_READY: { status: 503, exit: 4 },
  RECORD_INVALID: { status: 422, exit: 2 },
  RECORD_REJECTED: { status: 422, exit: 1 },
  TOO_OLD: { status: 422, exit: 1 },
  // api
  ROUTE_UNKNOWN: { status: 404, exit: 2 },
  METHOD_REFUSED: { status: 405, exit: 2 },
  REQUEST_INVALID: { status: 400, exit: 2 },
  ORIGIN_REFUSED: { status: 403, exit: 1 },
  BODY_TOO_LARGE: { status: 413, exit: 2 },
  MEDIA_TYPE_REFUSED: { status: 415, exit: 2 },
  SERVER_UNREACHABLE: { status: 503, exit: 4 },
} as const satisfies Record<string, { status: number; exit: number }>

export type ErrorCode = keyof typeof CODES

/** What a failure says: what happened, why, and what to do about it. */
export interface ErrorText {
  what: string
  why?: string
  fix?: string
  cause?: unknown
  /** Small, JSON-safe facts for programs (column names, counts); never a secret. */
  details?: Readonly<Record<string, unknown>>
}

/** The only error that crosses a room's border. */
export class GalleyError extends Error {
  readonly code: ErrorCode
  readonly what: string
  readonly why: string | undefined
  readonly fix: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, text: ErrorText) {
    const { what, why, fix, details } = redactedJson({ ...text, cause: undefined })
    super(why ? `${what}: ${why}` : what, { cause: text.cause })
    this.name = 'GalleyError'
    this.code = code
    this.what = what
    this.why = why
    this.fix = fix
    this.details = details ?? {}
  }

  get status(): number {
    return CODES[this.code].status
  }

  get exit(): number {
    return CODES[this.code].exit
  }

  /** The JSON body that the API answers. */
  toJSON(): Record<string, unknown> {
    const out: Record<string, unknown> = { code: this.code, what: this.what }
    if (this.why) out['why'] = this.why
    if (this.fix) out['fix'] = this.fix
    if (Object.keys(this.details).length > 0) out['details'] = this.details
    return out
  }
}

/** Somebody asked for an end. */
export const cancelled = (cause: unknown): GalleyError =>
  new GalleyError('CANCELLED', {
    what: 'it was stopped before it was done',
    why: 'it was interrupted',
    fix: 'start it again: what was finished is kept',
    cause,
  })

/** Any thrown thing as a GalleyError: known system failures get their code, the rest is an internal bug. */
export function asGalleyError(thrown: unknown): GalleyError {
  if (thrown instanceof GalleyError) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (error.name === 'AbortError') return cancelled(thrown)
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC' || /no space left on device/i.test(error.message))
    return new GalleyError('DISK_FULL', {
      what: 'the disk is full',
      why: error.message,
      fix: 'free some space or point GALLEY_HOME at a larger disk, then run the same command again: finished steps are kept',
      cause: thrown,
    })
  return new GalleyError('INTERNAL_BUG', {
    what: 'something unexpected failed',
    why: error.message,
    fix: 'run again with GALLEY_LOG=debug for the stack; if it repeats it is a bug in Galley',
    cause: thrown,
  })
}

/** Throws CANCELLED when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal.reason)
}

/** "did you mean": the candidate nearest to `word` by edit distance, if it is near enough to help. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      bestDistance = distance
      best = candidate
    }
  }
  return best
}

/** Levenshtein distance, letters that changed places as one edit, given up (as `limit`) where it can only be larger. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : substitute
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitute, swapped))
    }
    before = previous
    previous = current
  }
  return previous[b.length] ?? limit
}
