import type { Json } from '../../base/json.ts'
import type { Scope } from '../../base/scope.ts'
import type { Secret } from '../../base/secrets.ts'
import type { Progress, Relation } from '../../engines/engine.ts'
import type { Columns } from '../../plan/columns/kinds.ts'
import type { Condition } from '../../plan/conditions.ts'
import type { From } from '../../plan/nodes.ts'
import type { Schema, TypeName } from '../../plan/types.ts'
import type { KeptFile } from '../datasets/files.ts'
import type { FindDataset } from '../datasets/find.ts'
import type { Guard } from './guard/guard.ts'
import type { PushedBatches } from './push/pushed.ts'

/** What an option of a source may be: plain JSON; what is secret stands there by its name. */
export type Option =
  | null
  | boolean
  | number
  | string
  | Secret
  | readonly Option[]
  | { readonly [name: string]: Option | undefined }

/** A source as a recipe names it: where the rows are and what they are. Plain JSON; no secret ever stands in it but by name. */
export interface SourceSpec<S = Columns> {
  /** A name in the table of connectors. */
  readonly connector: string
  /** What the connector says that it is: a path, relative to the recipe's folder unless absolute, or a name as it stands. */
  readonly path: string
  /** Columns to read, with their types; other columns of the source are left alone. */
  readonly columns: S
  readonly options: Readonly<Record<string, Option>>
}

/** What all plans that read a source need of it. */
export interface Wanted {
  /** Declared columns that one of them reads. */
  readonly columns: readonly string[]
  /** Conditions that every row which any of them uses fulfils; a row for which one is false or null is used by none. */
  readonly where: readonly Condition[]
}

/** A source made ready. */
export interface SourceSnapshot {
  /**
   * Parquet files with exactly the declared columns' names and types; or the files of `from`. A column that `ctx.wanted`
   * does not name may be null throughout, and rows that do not fulfil its conditions may be missing.
   */
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
  /** Columns that are there and that nobody knows, with the rows that have them, where these were looked for (`KnownColumns`). */
  readonly unknown?: Readonly<Record<string, number>>
  /** A Parquet file of them, each with its line, its reason and its text, when there are any. */
  readonly quarantine?: string
  /** Files of ours that it is read from, as they were written: compared before they are used again. */
  readonly kept?: readonly KeptFile[]
  /** The version of a dataset that it is (`flights@3`). */
  readonly version?: string
  /** What of `ctx.wanted` was left to the source, for people; absent where nothing was. */
  readonly pushed?: readonly string[]
  /** How far the source was read, where it is read on from there: the next run is given it as `ctx.since`. */
  readonly cursor?: Json
}

/** A part of a source that is read, and read again, by itself: a file of a folder, a range of a table. */
export interface Part {
  /** Its name among the source's parts, the same on every run. */
  readonly id: string
  /** What stands for its content: while it is the same, the part is not read again. */
  readonly identity: string
  readonly bytes?: number
}

/** What reaching a source needs. */
export interface ReachContext {
  readonly signal: AbortSignal
  /** The value of a secret; it is masked in every error and log line from then on. @throws SECRET_UNKNOWN, SECRET_INVALID */
  secret(reference: Secret): string
  /** Published versions of datasets, by name, where a store is open. */
  readonly dataset?: FindDataset
  /** What opens files from outside in a process of its own; without it they are opened here. */
  readonly guard?: Guard
  /** Sources that are pushed to, where a store is open. */
  readonly pushed?: PushedBatches
}

export interface ConnectorContext extends ReachContext {
  readonly scope: Scope
  /** Rows or bytes that were read so far. */
  progress(progress: Progress): void
  /** Runs SQL in the batch engine; rows come back as JSON. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Whether the source is read so seldom that a copy of it would cost more than reading it where it lies. */
  readonly inPlace?: boolean
  /** A file of this run that is kept when the step succeeds, under the workspace's data. */
  keep(name: string): Promise<string>
  /** Given to a connector that says `pushes`: what the rest of the recipe needs. */
  readonly wanted?: Wanted
  /** Given to a connector that has `parts`: those that are to be read now. */
  readonly parts?: readonly Part[]
  /** Given where an earlier run left a `cursor`: only what came since is to be read. */
  readonly since?: Json
}

/** What is known while a file's content is not. */
export type OpeningContext = Pick<ConnectorContext, 'guard' | 'signal' | 'inPlace' | 'wanted'>

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
  /** What a recipe says to make a value of the text, where all are written in one way: `r.day.parseTime("%Y.%m.%d")`. */
  readonly derive?: string
}

/** What a source holds, told without its being declared. */
export interface Discovery {
  readonly connector: string
  readonly columns: readonly FoundColumn[]
  /** Rows looked at, and whether these are all. */
  readonly rows: number
  readonly whole: boolean
  /** Rows among them that could not be taken apart, or have a value that the column's type does not take. */
  readonly broken: number
  /** Where arrays of objects lie within the one value that is there (`data.items`): what the option `at` may be. */
  readonly within?: readonly string[]
  /** Options that were found, as a recipe would say them. */
  readonly options: Readonly<Record<string, string>>
}

/** What discovering needs of a run. */
export type DiscoverContext = ReachContext &
  Pick<ConnectorContext, 'query'> & {
    readonly options?: SourceSpec['options']
    /** A path, another each time, for a file that is removed afterwards. */
    temp(): Promise<string>
  }

/** What stands for a source's content. */
export interface Fingerprint {
  /** Something new every time where only reading the source tells whether it changed. */
  readonly hash: string
  readonly bytes: number
  /** For a file: its state (`stampOf`) before it was read, so that a change while it is used shows. */
  readonly stamp?: string
  /** What is there and is not read yet, and why, as a sentence goes on: `2 files written to within the last 2 s`. */
  readonly left?: string
}

/** One thing that a health check looked at. */
export interface Finding {
  /** `reachable`, `credentials`, `columns` and the like. */
  readonly name: string
  /** Whether a run would read it. */
  readonly ok: boolean
  /** Of one that a run would read: whether somebody should look at it all the same. */
  readonly warning?: boolean
  /** What was found, in a sentence. */
  readonly says: string
}

/** Rows to be written, and where. */
export interface WriteRequest {
  /** A query whose rows have the columns of `schema`; instants are TIMESTAMP in UTC. */
  readonly sql: string
  /** The same rows in batches. */
  open(): Promise<Relation>
  readonly schema: Schema
  /** A path that nothing stands at, which is moved to its place when all is written; or a name, where the source has names. */
  readonly target: string
  readonly options: SourceSpec['options']
}

/** What writing needs of a run. */
export type WriteContext = Pick<ConnectorContext, 'query' | 'signal' | 'progress' | 'secret'> &
  Pick<DiscoverContext, 'temp'>

/** One connector is one file behind this interface and one line in the table. */
export interface Connector {
  readonly kind: string
  /** What a spec's `path` is: a place in the file system, resolved from the recipe's folder, or a name (a URL, a table) as it stands. */
  readonly where: 'path' | 'name'
  /** What of `ctx.wanted` it can leave to the source. Only what gives the same rows, and the same broken ones, either way; or what the recipe says that the source does. */
  pushes?(spec: SourceSpec): readonly ('columns' | 'filters')[]
  /** Makes it known to the store, where rows come to it rather than being fetched; done before a run reads it. @throws STORE_CONFLICT */
  open?(spec: SourceSpec, path: string, ctx: ReachContext): Promise<void>
  /** The content's identity, cheap enough to ask on every run. @throws SOURCE_MISSING, SOURCE_UNREACHABLE, SOURCE_REFUSED */
  fingerprint(spec: SourceSpec, path: string, ctx: ReachContext): Promise<Fingerprint>
  /**
   * Looks at the first `rows` rows and proposes columns. A type is proposed when every value looked at converts to it.
   * @throws SOURCE_MISSING, SOURCE_BROKEN
   */
  discover(path: string, rows: number, ctx: DiscoverContext): Promise<Discovery>
  /** Begins what `snapshot` will be asked for, with the same spec and context, where that can be done before the content's identity is known. */
  begin?(spec: SourceSpec, path: string, ctx: OpeningContext): void
  /** Makes the source ready. @throws SOURCE_MISSING, SOURCE_BROKEN, SOURCE_SCHEMA */
  snapshot(spec: SourceSpec, path: string, ctx: ConnectorContext): Promise<SourceSnapshot>
  /** The parts that it is read in, in any order and one at a time, however many there are. Absent: it is read whole. */
  parts?(spec: SourceSpec, path: string, ctx: ReachContext): AsyncIterable<Part>
  /** Whether it is read on from where the last run stopped: `snapshot` then gives a `cursor`, and is given it as `since`. */
  follows?(spec: SourceSpec): boolean
  /**
   * Whether it can be read, told without reading all of it; without it, what `discover` finds is compared with what is
   * declared.
   */
  check?(spec: SourceSpec, path: string, ctx: DiscoverContext): Promise<Finding[]>
  /**
   * Writes a table. What is there before is replaced as a whole: by the caller where it is a path, by the connector, in one
   * step, where it is a name. Gives the rows written.
   */
  write?(request: WriteRequest, ctx: WriteContext): Promise<number>
}
