import { z } from 'zod'
import { type Json, lineJson } from '../../../base/json.ts'
import type { Discovery, SourceSnapshot, SourceSpec, Wanted } from '../connector.ts'

/** What a guarded process is asked, a line of JSON each. Paths that it may write to are names in its own folder. */
export interface Question {
  readonly kind: string
  readonly path: string
  /** State and SHA-256 of the file where they are known: it is not read another time for it. */
  readonly known?: readonly [stamp: string, hash: string]
  readonly snapshot?: {
    readonly spec: SourceSpec
    readonly inPlace: boolean
    readonly wanted?: Wanted
    readonly since?: Json
  }
  readonly discover?: { readonly rows: number; readonly options: SourceSpec['options'] }
}

const Count = z.number().int().nonnegative()
const Progress = z.object({ done: z.number(), total: z.number().optional(), unit: z.enum(['rows', 'bytes', 'percent', 'steps']) }) // biome-ignore format: one line
const Text = z.string().max(1 << 20)

/** A question or an answer as a line. */
export const lineOf = (said: Question | Answer): string => `${lineJson(said)}\n`

/** A plain name in the process's own folder: no path, and none that says what it is read as. */
export const OWN_NAME = /^[\w][\w.-]{0,200}$/

/** Where the engine spills, in that folder. */
export const SPILL = 'duckdb'

const Snapshot = z.object({
  files: z.array(Text).max(16),
  from: z
    .strictObject({
      kind: z.literal('csv'),
      file: Text,
      delimiter: Text,
      blank: Count,
      cells: Count,
      lineEnd: z.enum(['\n', '\r\n']),
      parallel: z.boolean(),
      places: z.array(z.tuple([Text, Count])),
    })
    .optional(),
  schema: z.array(z.strictObject({ name: Text, type: z.unknown(), nullable: z.boolean() })),
  rows: Count,
  bytes: Count,
  hash: Text,
  encoding: Text.optional(),
  rejected: z.record(Text, Count),
  unknown: z.record(Text, Count).optional(),
  quarantine: Text.optional(),
  pushed: z.array(Text).optional(),
  cursor: z.unknown().optional(),
})

const Found = z.object({
  within: z.array(Text).optional(),
  connector: Text,
  columns: z.array(
    z.object({
      name: Text,
      type: z.unknown(),
      values: Count,
      missing: Count,
      evidence: Text,
      examples: z.array(Text),
      derive: Text.optional(),
    }),
  ),
  rows: Count,
  whole: z.boolean(),
  broken: Count,
  options: z.record(Text, Text),
})

const Failure = z.object({
  code: Text,
  what: Text,
  why: Text.optional(),
  fix: Text.optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})

const Answer = z.union([
  z.object({ progress: Progress }),
  z.object({ snapshot: Snapshot }),
  z.object({ discovery: Found }),
  z.object({ failure: Failure }),
])

export type Failure = z.infer<typeof Failure>
/** What a guarded process answers, a line of JSON each: progress, then one of the others. */
export type Answer =
  | { readonly progress: z.infer<typeof Progress> }
  | { readonly snapshot: SourceSnapshot }
  | { readonly discovery: Discovery }
  | { readonly failure: Failure }

/** A line as an answer; undefined for one that is none: the process is not one to be trusted any more. */
export function answerOf(line: string): Answer | undefined {
  try {
    const found = Answer.safeParse(JSON.parse(line))
    return found.success ? (found.data as Answer) : undefined
  } catch {
    return undefined
  }
}
