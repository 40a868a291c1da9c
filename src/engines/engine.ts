import type { Scope } from '../base/scope.ts'
import type { Plan } from '../plan/nodes.ts'
import type { Schema } from '../plan/types.ts'
import type { Batch } from './batch.ts'
import type { Ledger } from './ledger.ts'

/** The engines that exist; a new one adds its name here and passes `engines/conformance`. */
export type EngineName = 'reference' | 'duckdb' | 'row' | 'webgpu'

/**
 * Where parts of a recipe that can be fused are computed: on the device where there is one that is no software and it takes
 * the whole part; never there; or there even if the driver computes on the processor.
 */
export const ENGINE_CHOICES = ['auto', 'processor', 'gpu'] as const
export type EngineChoice = (typeof ENGINE_CHOICES)[number]

/** Why an engine can't take a plan: the node, and the reason in words. */
export interface Gap {
  readonly node: string
  readonly reason: string
  /** The columns that need it, where not all do. */
  readonly columns?: readonly string[]
}

/** What is known of the inputs before running: rows and bytes by source. */
export interface Stats {
  readonly rows: number
  readonly bytes: number
}

/** What a run is expected to cost. */
export interface Cost {
  readonly rows: number
  readonly bytes: number
  /** Bytes that would move between host and device. */
  readonly moved: number
}

export interface Progress {
  /** Work done, in `unit`s; `total` when it is known. */
  readonly done: number
  readonly total?: number
  readonly unit: 'rows' | 'bytes' | 'steps' | 'percent'
}

export interface RunContext {
  readonly scope: Scope
  readonly signal: AbortSignal
  readonly ledger: Ledger
  progress?(progress: Progress): void
}

/**
 * Where the result goes: pulled as batches, left in the memory of the graphics device, or written to a Parquet file without
 * passing through JavaScript.
 */
export type Sink = 'batches' | 'device' | { readonly parquet: string }

export interface Relation {
  readonly place: 'host' | 'device'
  readonly schema: Schema
  /** Rows, when known before reading. */
  readonly rows: number
  /** Reads from the start, the columns in the order asked for, of none the rows alone; may be called again for another pass. */
  batches(columns?: readonly string[]): AsyncIterable<Batch>
  close(): void
}

export interface Prepared {
  estimate(stats: Stats): Cost
  run(ctx: RunContext, sink: Sink): Promise<Relation>
  /** What will run, in the engine's own words (SQL, kernel source, …), for `explain`. */
  explain(): string
}

export interface Engine {
  readonly name: EngineName
  /** Pure. Either a plan made ready or the list of what this engine can't do. */
  prepare(plan: Plan): Prepared | readonly Gap[]
  close(): Promise<void>
}

export const isGaps = (answer: Prepared | readonly Gap[]): answer is readonly Gap[] => Array.isArray(answer)
