import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import type { Value } from '../../engines/batch.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { compileOnline } from '../../engines/row/index.ts'
import { readRecord } from '../../plan/record.ts'
import type { Schema } from '../../plan/types.ts'
import type { Alerts } from '../../runs/alerts.ts'
import type { Endpoint as EndpointRow } from '../../store/endpoints.ts'
import type { Store } from '../../store/store.ts'
import type { Monitor } from '../monitoring/monitor.ts'
import { Present } from '../monitoring/present.ts'
import type { Scorer } from '../registry/scorer.ts'
import { loadPackage, type ModelPackage } from '../registry/version.ts'
import { answersOf, type Explained, type Prediction, type Scale, scaleOf } from './answers.ts'
import { DAY, type EndpointConfig, readConfig } from './config.ts'
import { each } from './each.ts'
import { type Fed, feeder } from './feeding.ts'
import { carryOver, endpointFolder, replayFeed, type Skipped, warnOf } from './feedlog.ts'
import { loadTables, warm } from './load.ts'
import { openLogs } from './logs.ts'
import { type Answered, openWatch, seenOf } from './watch.ts'
import { recorder } from './windows.ts'

/** A deployed model in this process, answering raw records. */
export interface LiveEndpoint {
  readonly name: string
  readonly generation: number
  readonly model: string
  /** null of another goal than binary. */
  readonly threshold: number | null
  /** What scores are before they become a probability or a count. */
  readonly scale: Scale
  readonly input: Schema
  readonly feedInput: Schema
  readonly features: readonly string[]
  readonly monitor: Monitor
  /** Answers records and logs them: what was answered outlives this process, and power loss but for the last second. @throws RECORD_INVALID, RECORD_REJECTED, TOO_OLD */
  predict(records: readonly unknown[]): Promise<Prediction[]>
  /**
   * Takes in events that feed its state: all of them, or none when one of them can't be computed. Durable when it answers;
   * repeated ones are taken once. Those too far ahead of time are refused one by one. @throws RECORD_INVALID, VALUE_INVALID
   */
  feed(records: readonly unknown[]): Promise<Fed>
  /** A record's columns as the plan computes them, the features among them; logs nothing. */
  compute(record: unknown): Readonly<Record<string, Value>>
  /** What the model says of records and why; logs nothing and counts nowhere. @throws as `predict` */
  explain(records: readonly unknown[], signal: AbortSignal): Promise<Explained[]>
  /** Takes in what its predecessors were fed since it was opened. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

export interface EndpointOptions {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly scope: Scope
  readonly clock: Clock
  readonly log: Log
  /** Told of shifts. */
  readonly alerts?: Alerts | undefined
  /** Keep nothing: for rehearsals. */
  readonly ephemeral?: boolean
}

/** Brings a deployment to life: loads the model and tables, warms the state, and takes up its logs where they ended. */
export async function openEndpoint(options: EndpointOptions, name: string): Promise<LiveEndpoint> {
  const { store, scope } = options
  const row = await store.endpoints.get(scope, name)
  const config = readConfig(row.config)
  const { pack, evaluator } = await loadPackage(store, scope, config.model.blob)
  await evaluator.ready?.()
  try {
    return await openWith(options, { row, config, pack, evaluator })
  } catch (thrown) {
    await evaluator.close?.()
    throw thrown
  }
}

interface Opening {
  readonly row: EndpointRow
  readonly config: EndpointConfig
  readonly pack: ModelPackage
  readonly evaluator: Scorer
}

async function openWith(options: EndpointOptions, { row, config, pack, evaluator }: Opening): Promise<LiveEndpoint> {
  const { store, scope, clock, log } = options
  const { name } = row
  const program = compileOnline(config.online, { tables: await loadTables(options, config), lateness: config.lateness })
  await warm(options, config, program)
  const features = evaluator.inputs.map((f) => program.schema.findIndex((s) => s.name === f))
  // texts are watched as requests bring them
  const seen = evaluator.inputs.map((f, i) => (evaluator.texts?.has(i) ? '' : f))
  const moment = config.moment ? program.schema.findIndex((s) => s.name === config.moment) : -1
  // a date counts days
  const unit = program.schema[moment]?.type === 'date' ? DAY : 1
  const now = () => clock.now() * 1000
  const ahead = config.ahead ?? DAY
  const present = new Present(ahead, Math.max(...[...program.states.values()].map((s) => s.newest)))
  const folder = join(endpointFolder(store, scope, name), String(row.generation))
  const { feedInput, input } = config.online
  const windows = recorder(options, name, `${row.model}@${row.modelVersion}`)
  const logs = options.ephemeral ? undefined : await openLogs(folder)
  let catchUp = async () => {}
  const watch = await (async () => {
    if (logs && config.online.states.length > 0) {
      catchUp = carryOver({
        ...options,
        name,
        generation: row.generation,
        program,
        taken: feedInput,
        present,
        clock: now,
      })
      await catchUp()
      const skipped: Skipped = { count: 0 }
      await replayFeed(
        logs.feed.read(),
        { program, logged: feedInput, taken: feedInput, present, clock: now() },
        skipped,
      )
      warnOf(log, name, row.generation, skipped)
    }
    const watch = await openWatch({
      endpoint: name,
      reference: seenOf(
        pack.reference,
        seen,
        input.map((f) => f.name),
      ),
      ...config.watch,
      ahead,
      onWindow: windows.put,
      inputs: seen,
      moments: moment >= 0,
      ...(logs ? { kept: { log: logs.predictions, folder } } : {}),
    })
    if (logs && row.state !== 'ready') await store.endpoints.setState(scope, name, row.generation, 'ready')
    return watch
  })().catch(async (thrown: unknown) => {
    await logs?.close()
    throw thrown
  })
  const feed = feeder({ name, program, input: feedInput, present, now, log: logs?.feed })
  const rowsOf = (records: readonly unknown[]) => each(records, (r) => program.answer(readRecord(input, r)))
  const { predict, explain, number } = answersOf(evaluator, pack, features)
  const finite = (x: number): number | null => (Number.isFinite(x) ? x : null)
  let closed = false
  const check = () => {
    if (closed)
      throw new GalleyError('ENDPOINT_NOT_READY', {
        what: `the deployment ${row.generation} of '${name}' has ended`,
        why: 'a newer one has taken its place, or the process ends',
        fix: 'ask again',
        details: { retryAfter: 1 },
      })
  }

  /** Requests that are being answered. */
  const under = new Set<Promise<unknown>>()
  const respond = async (records: readonly unknown[]): Promise<Prediction[]> => {
    check()
    const rows = rowsOf(records)
    const answers = await predict(rows)
    const time = clock.now()
    await watch.note({
      time,
      rows: rows.map((r, i): Answered => {
        const at = r[moment] ?? null
        const about = at === null ? null : Number(at) * unit
        if (about !== null) present.reach(about, time * 1000)
        return [
          records[i] as Record<string, unknown>,
          features.map((f) => finite(number(r[f] as Value))),
          answers[i]?.score as number,
          about,
        ]
      }),
    })
    return answers
  }

  return {
    name,
    generation: row.generation,
    model: `${config.model.name}@${config.model.version}`,
    threshold: pack.threshold,
    scale: scaleOf(pack.model.goal),
    input,
    feedInput,
    features: evaluator.inputs,
    monitor: watch.monitor,
    catchUp: () => catchUp(),
    predict(records) {
      const asked = respond(records)
      under.add(asked)
      return asked.finally(() => under.delete(asked))
    },
    async feed(records) {
      check()
      return feed(records)
    },
    compute(record) {
      const [row = []] = rowsOf([record])
      return Object.fromEntries(program.schema.map((f, i) => [f.name, row[i] as Value]))
    },
    async explain(records, signal) {
      check()
      const told: Explained[] = []
      // together, so that nothing that is fed meanwhile comes between
      for (const row of rowsOf(records)) {
        throwIfAborted(signal)
        told.push(await explain(row))
        // a row takes up to milliseconds, and others ask meanwhile
        await nextTurn()
      }
      return told
    },
    async close() {
      if (closed) return
      closed = true
      try {
        await Promise.allSettled(under)
        await windows.settled()
        await watch.save()
      } finally {
        await logs?.close()
        await evaluator.close?.()
      }
    },
  }
}
