import type { GalleyError } from '../base/errors.ts'
import type { Progress } from '../engines/engine.ts'
import type { LedgerEntry } from '../engines/ledger.ts'

/** What a run tells while it goes on; a terminal draws bars from it, a log prints lines. */
export type RunEvent =
  | {
      readonly type: 'run'
      readonly run: number
      readonly recipe: string
      readonly workspace: string
      readonly steps: number
    }
  | { readonly type: 'start'; readonly step: string; readonly kind: string }
  | { readonly type: 'progress'; readonly step: string; readonly kind: string; readonly progress: Progress }
  | {
      readonly type: 'done'
      readonly step: string
      readonly kind: string
      readonly summary: string
      readonly cached: boolean
      /** Why it ran again, where an earlier run had it. */
      readonly because: readonly string[]
      readonly seconds: number
    }
  /** Its branch was not taken. */
  | { readonly type: 'skipped'; readonly step: string; readonly kind: string }
  /** It goes on once somebody approves. */
  | {
      readonly type: 'waits'
      readonly step: string
      readonly kind: string
      readonly approval: number
      readonly ask: string
    }
  | { readonly type: 'said'; readonly step: string; readonly kind: string; readonly text: string }
  | { readonly type: 'failed'; readonly step: string; readonly kind: string; readonly error: GalleyError }
  | {
      readonly type: 'end'
      readonly run: number
      readonly status: 'done' | 'waiting' | 'failed' | 'cancelled'
      readonly seconds: number
      readonly ledger: LedgerEntry
    }

export type OnRunEvent = (event: RunEvent) => void
