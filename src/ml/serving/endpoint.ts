import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { GalleyError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import type { Value } from '../../engines/batch.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { compileOnline } from '../../engines/row/index.ts'
import { literalValue } from '../../engines/values.ts'
import type { Literal } from '../../plan/expr.ts'
import { type RecordValues, readRecord } from '../../plan/record.ts'
import type { Schema } from '../../plan/types.ts'
import { writeFileAtomic } from '../../store/files.ts'
import { jsonOf, openAppendLog } from '../../store/log/appendlog.ts'
import type { Store } from '../../store/store.ts'
import { Monitor, type MonitorSnapshot, type WindowVerdict } from '../monitoring/monitor.ts'
import { loadPackage } from '../registry/version.ts'
import { readConfig } from './config.ts'
import { loadTables, warm } from './load.ts'

export interface Prediction {
  /** P(target). */
  readonly score: number
  /** True when the score reaches the threshold chosen on validation rows. */
  readonly positive: boolean
}

/** A deployed model in this process, answering raw records. */
export interface LiveEndpoint {
  readonly name: string
  readonly generation: number
  readonly model: string
  readonly threshold: number
  readonly input: Schema
  readonly feedInput: Schema
  readonly features: readonly string[]
  readonly monitor: Monitor
  /** Answers records and logs them: what was answered outlives this process, and power loss but for the last second. @throws RECORD_INVALID, RECORD_REJECTED, TOO_OLD */
  predict(records: readonly unknown[]): Promise<Prediction[]>
  /** Takes in events that feed its state. Durable when it answers; repeated ones are taken once. @throws RECORD_INVALID */
  feed(records: readonly unknown[]): Promise<{ taken: number; ignored: number }>
  /** The features of a record, as the model sees them; logs nothing. */
  explain(record: unknown): Readonly<Record<string, Value>>
  close(): Promise<void>
}

export interface EndpointOptions {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly scope: Scope
  readonly clock: Clock
  readonly log: Log
  /** Keep nothing: for rehearsals. */
  readonly ephemeral?: boolean
}

/** A request as it was answered: the raw record, the features the model saw, the score, and the moment it is about (µs). */
type Answered = readonly [
  record: Readonly<Record<string, unknown>>,
  features: readonly (number | null)[],
  score: number,
  moment: number | null,
]
/** What one record of the prediction log holds: requests that were answered together. */
interface LoggedPredictions {
  readonly time: number
  readonly rows: readonly Answered[]
}

/** Brings a deployment to life: loads the model and tables, warms the state, and takes up its logs where they ended. */
export async function openEndpoint(options: EndpointOptions, name: string): Promise<LiveEndpoint> {
  const { store, scope, clock, log } = options
  const row = await store.endpoints.get(scope, name)
  const config = readConfig(row.config)
  const { pack, evaluator } = await loadPackage(store, scope, config.model.blob)
  const program = compileOnline(config.online, { tables: await loadTables(options, config), lateness: config.lateness })
  await warm(options, config, program)
  const features = evaluator.inputs.map((f) => program.schema.findIndex((s) => s.name === f))
  const moment = config.moment ? program.schema.findIndex((s) => s.name === config.moment) : -1
  const watched = pack.reference.map((r) => ({ name: r.name, feature: evaluator.inputs.indexOf(r.name) }))
  const folder = join(store.home.logs, scope.workspace, name, String(row.generation))
  const checkpoint = join(folder, 'monitor.json')
  const saved = options.ephemeral ? undefined : await readCheckpoint(checkpoint)
  const onWindow = (w: WindowVerdict) => {
    if (options.ephemeral) return
    const { status, worst, psi } = w.verdict
    if (status === 'alarm')
      log.warn('the monitor sees a shift', {
        endpoint: name,
        column: worst,
        psi,
        from: new Date(w.start / 1000).toISOString(),
        to: new Date(w.end / 1000).toISOString(),
      })
    store.windows
      .put(scope, {
        endpoint: name,
        start: w.start / 1000,
        end: w.end / 1000,
        rows: w.verdict.rows,
        verdict: w.verdict,
      })
      .catch((error: unknown) =>
        log.error('a monitoring window could not be recorded', { endpoint: name, error: String(error) }),
      )
  }
  const monitor = new Monitor(
    { reference: pack.reference, span: config.watch.span, rows: config.watch.rows, onWindow },
    saved?.monitor,
  )
  const observe = ([record, seen, score, about]: Answered, time: number) =>
    monitor.observe(
      watched.map((w) =>
        w.name === 'score'
          ? score
          : w.feature >= 0
            ? (seen[w.feature] ?? null)
            : ((record[w.name] ?? null) as string | null),
      ),
      about ?? time * 1000,
    )

  const logs = options.ephemeral
    ? undefined
    : {
        feed: await openAppendLog(join(folder, 'feed')),
        predictions: await openAppendLog(join(folder, 'predictions'), { durability: 'flush' }),
      }
  if (logs) {
    for await (const record of logs.feed.read())
      for (const values of reviveRows(jsonOf(record), config.online.feedInput)) program.feed(values)
    for await (const record of logs.predictions.read(saved?.offset ?? 0)) {
      const { rows, time } = jsonOf(record) as LoggedPredictions
      for (const p of rows) observe(p, time)
    }
    if (row.state !== 'ready') await store.endpoints.setState(scope, name, row.generation, 'ready')
  }
  const answer = (values: RecordValues) => program.answer(values)
  const number = (v: Value): number => (v === null ? Number.NaN : Number(v))
  let sinceCheckpoint = 0
  const save = async () => {
    if (!logs) return
    sinceCheckpoint = 0
    await logs.predictions.sync()
    await writeFileAtomic(
      checkpoint,
      JSON.stringify({ format: 1, offset: logs.predictions.next, monitor: monitor.snapshot() }),
    )
  }

  return {
    name,
    generation: row.generation,
    model: `${config.model.name}@${config.model.version}`,
    threshold: pack.threshold,
    input: config.online.input,
    feedInput: config.online.feedInput,
    features: evaluator.inputs,
    monitor,
    async predict(records) {
      const read = records.map((r) => readRecord(config.online.input, r))
      const rows = read.map(answer)
      const columns = features.map((f) => Float64Array.from(rows, (r) => number(r[f] as Value)))
      const scores = new Float64Array(rows.length)
      if (rows.length === 1) scores[0] = evaluator.one(Float64Array.from(columns, (c) => c[0] as number))
      else evaluator.many(columns, rows.length, scores)
      const time = clock.now()
      const logged: LoggedPredictions = {
        time,
        rows: rows.map(
          (r, i): Answered => [
            records[i] as Record<string, unknown>,
            columns.map((c) => (Number.isFinite(c[i]) ? (c[i] as number) : null)),
            scores[i] as number,
            moment < 0 ? null : number(r[moment] as Value),
          ],
        ),
      }
      await logs?.predictions.append(logged)
      for (const p of logged.rows) observe(p, time)
      sinceCheckpoint += rows.length
      if (sinceCheckpoint > 50_000) await save()
      return Array.from(scores, (score) => ({ score, positive: score >= pack.threshold }))
    },
    async feed(records) {
      if (config.online.states.length === 0)
        throw new GalleyError('REQUEST_INVALID', {
          what: `the endpoint '${name}' takes no events`,
          why: 'its plan has no window over time, so it keeps no state',
          fix: 'send requests to /predict',
        })
      const read = records.map((r) => readRecord(config.online.feedInput, r))
      await logs?.feed.append(read.map((values) => values.map((v) => (typeof v === 'bigint' ? v.toString() : v))))
      let taken = 0
      for (const values of read) if (program.feed(values)) taken++
      return { taken, ignored: read.length - taken }
    },
    explain(record) {
      const row = answer(readRecord(config.online.input, record))
      return Object.fromEntries(program.schema.map((f, i) => [f.name, row[i] as Value]))
    },
    async close() {
      await save()
      await logs?.feed.close()
      await logs?.predictions.close()
    },
  }
}

/** Rows of a log as values again. */
function* reviveRows(json: unknown, schema: Schema): Generator<RecordValues> {
  for (const row of json as Literal[][])
    yield schema.map((f, i) => literalValue(row[i] ?? null, f.type) as RecordValues[number])
}

async function readCheckpoint(path: string): Promise<{ offset: number; monitor: MonitorSnapshot } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as { offset: number; monitor: MonitorSnapshot }
  } catch {
    return undefined // it only saves time: the log that it was made of is read from the start
  }
}
