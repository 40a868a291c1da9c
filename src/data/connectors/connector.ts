import type { Scope } from '../../base/scope.ts'
import type { Progress } from '../../engines/engine.ts'
import type { Columns } from '../../plan/columns/kinds.ts'
import type { From } from '../../plan/nodes.ts'
import type { Schema, TypeName } from '../../plan/types.ts'
import type { KeptFile } from '../datasets/files.ts'
import type { FindDataset } from '../datasets/find.ts'

/** A source as a recipe names it: where the rows are and what they are. Plain JSON; no secret ever stands in it. */
export interface SourceSpec<S = Columns> {
  /** A name in the table of connectors. */
  readonly connector: string
  /** A path, relative to the recipe's folder unless absolute. */
  readonly path: string
  /** Columns to read, with their types; other columns of the source are left alone. */
  readonly columns: S
  readonly options: Readonly<Record<string, string | number | boolean>>
}

/** A source made ready. */
export interface SourceSnapshot {
  /** Parquet files with exactly the declared columns' names and types; or the files of `from`. */
  readonly files: readonly string[]
  /** How a scan has the source, where it is read in place and is not Parquet. */
  readonly from?: From
  readonly schema: Schema
  readonly rows: number
  readonly bytes: number
  /** SHA-256 of the content as it was read. */
  readonly hash: string
  /** How a file's text is written, where that can differ: `UTF-8`, `CP949`. */
  readonly encoding?: string
  /** Rows that could not be read, by reason. */
  readonly rejected: Readonly<Record<string, number>>
  /** A Parquet file of them, each with its line, its reason and its text, when there are any. */
  readonly quarantine?: string
  /** Files of ours that it is read from, as they were written: compared before they are used again. */
  readonly kept?: readonly KeptFile[]
  /** The version of a dataset that it is (`flights@3`). */
  readonly version?: string
}

export interface ConnectorContext {
  readonly scope: Scope
  readonly signal: AbortSignal
  progress(progress: Progress): void
  /** Runs SQL in the batch engine; rows come back as JSON. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Whether the source is read so seldom that a copy of it would cost more than reading it where it lies. */
  readonly inPlace?: boolean
  /** A file of this run that is kept when the step succeeds, under the workspace's data. */
  keep(name: string): Promise<string>
  /** Published versions of datasets, by name. */
  readonly dataset?: FindDataset
}

/** A column as it was found, with what speaks for its type. */
export interface FoundColumn {
  readonly name: string
  readonly type: TypeName
  /** Values that are there, and cells that are empty, of the rows looked at. */
  readonly values: number
  readonly missing: number
  /** In a sentence, why this type and no narrower one. */
  readonly evidence: string
  /** The first few different values. */
  readonly examples: readonly string[]
}

/** What a source holds, told without its being declared. */
export interface Discovery {
  readonly connector: string
  readonly columns: readonly FoundColumn[]
  /** Rows looked at, and whether these are all. */
  readonly rows: number
  readonly whole: boolean
  /** Rows among them that could not be taken apart. */
  readonly broken: number
  /** Options that were found, as a recipe would say them. */
  readonly options: Readonly<Record<string, string>>
}

/** What discovering needs of a run. */
export type DiscoverContext = Pick<ConnectorContext, 'signal' | 'query'> & {
  readonly options?: SourceSpec['options']
  /** A path, another each time, for a file that is removed afterwards. */
  temp(): Promise<string>
}

/** What stands for a source's content. */
export interface Fingerprint {
  readonly hash: string
  readonly bytes: number
  /** For a file: its state (`stampOf`) before it was read, so that a change while it is used shows. */
  readonly stamp?: string
}

/** One connector is one file behind this interface and one line in the table. */
export interface Connector {
  readonly kind: string
  /** The content's identity, cheap enough to ask on every run. @throws SOURCE_MISSING */
  fingerprint(spec: SourceSpec, path: string, dataset?: FindDataset): Promise<Fingerprint>
  /**
   * Looks at the first `rows` rows and proposes columns. A type is proposed when every value looked at converts to it.
   * @throws SOURCE_MISSING, SOURCE_BROKEN
   */
  discover(path: string, rows: number, ctx: DiscoverContext): Promise<Discovery>
  /** Makes the source ready. @throws SOURCE_MISSING, SOURCE_BROKEN, SOURCE_SCHEMA */
  snapshot(spec: SourceSpec, path: string, ctx: ConnectorContext): Promise<SourceSnapshot>
}
