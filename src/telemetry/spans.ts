import { sha256 } from '../base/hash.ts'
import type { Run } from '../store/runs.ts'
import type { Step } from '../store/steps.ts'

/** A value of OTLP's JSON encoding: an integer is a text. */
type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }

interface Attribute {
  readonly key: string
  readonly value: AnyValue
}

/** A span of OTLP 1, in its JSON encoding: ids hexadecimal, moments nanoseconds since 1970 as text. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** 1: internal. */
  readonly kind: 1
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  /** 0: nothing is said, 1: it went well, 2: it failed. */
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string }
}

/** What an exporter posts: `ExportTraceServiceRequest` of OTLP 1. */
export interface OtlpRequest {
  readonly resourceSpans: readonly [
    {
      readonly resource: { readonly attributes: readonly Attribute[] }
      readonly scopeSpans: readonly [{ readonly scope: { readonly name: string; readonly version: string }; readonly spans: readonly OtlpSpan[] }] // biome-ignore format: one line
    },
  ]
}

/** What a step's record says of its output, whatever kind it is of. */
interface Found {
  readonly name?: string
  readonly version?: number | string
  readonly rows?: number
  readonly bytes?: number
}

const ENDS = { done: 1, failed: 2, cancelled: 0 } as const

/**
 * A run as a trace: a span for each step that ran and ended, and once the run has ended one above them. All of it is read from the record,
 * ids too, so it is the same whenever it is told.
 */
export function spansOf(run: Run, steps: readonly Step[], workspace: string): OtlpSpan[] {
  const traceId = run.id
  const root = spanId(run.id)
  const common = { 'galley.workspace': workspace, 'galley.run': run.number, 'galley.recipe': run.recipe }
  const spans = steps.flatMap((s): OtlpSpan[] => {
    if (s.started === null || s.ended === null || !(s.status in ENDS)) return []
    const made = (s.output ?? {}) as Found
    const taken = s.resources as { cpuSeconds: number; peakBytes: number } | null | undefined
    const attributes = attributesOf({
      ...common,
      'galley.step': s.id,
      'galley.step.kind': s.kind,
      'galley.step.cached': s.cached,
      'galley.step.engine': s.engine,
      'galley.output.name': made.name,
      'galley.output.version': made.version,
      'galley.output.rows': made.rows,
      'galley.output.bytes': made.bytes,
      'galley.step.cpu_seconds': taken?.cpuSeconds,
      'galley.step.peak_bytes': taken?.peakBytes,
      ...moved(s.ledger),
      'error.type': codeOf(s.error),
    })
    const times = timesOf(s.started, s.ended)
    return [{ traceId, spanId: stepSpanId(run.id, s.id), parentSpanId: root, name: `${s.kind} ${s.id}`, kind: 1, ...times, attributes, status: statusOf(s.status, s.error) }] // biome-ignore format: one line
  })
  if (run.ended === null || !(run.status in ENDS)) return spans
  const attributes = attributesOf({
    ...common,
    'galley.recipe.hash': run.recipeHash,
    'galley.partition': run.partition,
    'error.type': codeOf(run.error),
  })
  const times = timesOf(run.started, run.ended)
  return [{ traceId, spanId: root, name: `run ${run.recipe}`, kind: 1, ...times, attributes, status: statusOf(run.status, run.error) }, ...spans] // biome-ignore format: one line
}

/** Spans as they are posted to a collector. */
export const requestOf = (spans: readonly OtlpSpan[], service: string, version: string): OtlpRequest => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ 'service.name': service, 'service.version': version }) },
      scopeSpans: [{ scope: { name: 'galley', version }, spans }],
    },
  ],
})

const spanId = (text: string): string => sha256(text).slice(0, 16)
const stepSpanId = (run: string, step: string): string => spanId(`${run} ${step}`)

/** The span of a run's step as W3C's Trace Context writes it: spans of others are put below it. It is recorded. */
export const traceparentOf = (run: string, step: string): string => `00-${run}-${stepSpanId(run, step)}-01`

/** A step that another clock ended does not end before it began: no viewer takes such a span. */
const timesOf = (started: number, ended: number) => ({
  startTimeUnixNano: nanos(started),
  endTimeUnixNano: nanos(Math.max(started, ended)),
})
const nanos = (ms: number): string => (BigInt(Math.round(ms * 1000)) * 1000n).toString()

function statusOf(status: string, error: unknown): OtlpSpan['status'] {
  const code = ENDS[status as keyof typeof ENDS]
  const { what, why } = (error ?? {}) as { what?: string; why?: string }
  return code === 2 && what ? { code, message: why ? `${what}: ${why}` : what } : { code }
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code

/** What moved, stage by stage, as sums over the stages. */
function moved(ledger: unknown): Record<string, number> {
  const sums: Record<string, number> = {}
  const visit = (value: unknown): void => {
    for (const [key, v] of Object.entries((value ?? {}) as object)) {
      if (typeof v === 'number') sums[`galley.ledger.${key}`] = (sums[`galley.ledger.${key}`] ?? 0) + v
      else if (typeof v === 'object') visit(v)
    }
  }
  visit(ledger)
  return sums
}

function attributesOf(values: Readonly<Record<string, string | number | boolean | null | undefined>>): Attribute[] {
  return Object.entries(values).flatMap(([key, v]) =>
    v === null || v === undefined ? [] : [{ key, value: anyValue(v) }],
  )
}

function anyValue(v: string | number | boolean): AnyValue {
  if (typeof v === 'string') return { stringValue: v }
  if (typeof v === 'boolean') return { boolValue: v }
  return Number.isSafeInteger(v) ? { intValue: String(v) } : { doubleValue: v }
}
