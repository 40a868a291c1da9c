import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createApp, listen, type ServerOptions } from './api/server.ts'
import { type Clock, systemClock } from './base/clock.ts'
import type { Config } from './base/config.ts'
import { createLog, type Log } from './base/log.ts'
import type { Scope } from './base/scope.ts'
import { openGuard } from './data/connectors/guard/open.ts'
import { createDuckdbEngine, type DuckdbEngine } from './engines/duckdb/index.ts'
import { chosenDevice } from './engines/webgpu/chosen.ts'
import { statisticsStep } from './ml/analysis/statistics/step.ts'
import { analyseStep } from './ml/analysis/step.ts'
import { forecastStep } from './ml/forecasting/step.ts'
import { onnxStep } from './ml/onnx/step.ts'
import { evaluateStep } from './ml/review/step.ts'
import { createHub, type EndpointHub } from './ml/serving/hub.ts'
import { serveStep } from './ml/serving/step.ts'
import { trainStep } from './ml/training/step.ts'
import { trialStep } from './ml/training/trial.ts'
import { learnStep } from './ml/unsupervised/step.ts'
import { alertsTo } from './runs/alerts.ts'
import type { AnyStepKind } from './runs/kind.ts'
import { collectorSink } from './runs/lineage/openlineage/collector.ts'
import type { Kitchenware } from './runs/step.ts'
import { approvalStep } from './runs/steps/approval.ts'
import { conditionStep } from './runs/steps/condition.ts'
import { datasetStep } from './runs/steps/dataset.ts'
import { eitherStep } from './runs/steps/either.ts'
import { processStep } from './runs/steps/process.ts'
import { sourceStep } from './runs/steps/source.ts'
import { tableStep } from './runs/steps/table.ts'
import { openStore, type Store } from './store/store.ts'
import { traceSink } from './telemetry/otlp.ts'
import { together } from './telemetry/sink.ts'
import { DEFAULT_WORKSPACE, openScope } from './tenancy/workspace.ts'

/** The step kinds by name. */
const KINDS: Readonly<Record<string, AnyStepKind>> = Object.fromEntries(
  [
    sourceStep,
    tableStep,
    datasetStep,
    analyseStep,
    statisticsStep,
    trainStep,
    trialStep,
    learnStep,
    onnxStep,
    evaluateStep,
    forecastStep,
    serveStep,
    conditionStep,
    eitherStep,
    approvalStep,
    processStep,
  ].map((kind) => [kind.kind, kind as unknown as AnyStepKind]),
)

export const VERSION = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** Milliseconds after which the process that opens what programs send goes, when nothing comes. */
const IDLE_MS = 60_000

/** For how long a workspace is taken to be there. */
const SCOPE_MS = 1000

/** A whole Galley in this process. */
export interface Galley {
  readonly config: Config
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly ware: Kitchenware
  readonly log: Log
  readonly clock: Clock
  /** @throws WORKSPACE_UNKNOWN */
  scope(workspace?: string): Promise<Scope>
  hub(scope: Scope): EndpointHub
  /** The server's application without a port. */
  app(): ReturnType<typeof createApp>
  listen(at: { port: number; host?: string }): ReturnType<typeof listen>
  close(): Promise<void>
}

/** Wires the parts together and opens the data folder. */
export async function openGalley(config: Config): Promise<Galley> {
  const log = createLog(config.log)
  const clock = systemClock
  const store = await openStore({ home: config.home, databaseUrl: config.databaseUrl, log, clock })
  const threads = config.threads ?? availableParallelism()
  const duckdb = createDuckdbEngine({ memoryMiB: config.memoryMiB, threads, temp: store.home.tmp.path })
  const say = (why: string) => log.warn(`a plan is left to the processor: ${why}`)
  const device = chosenDevice({ host: duckdb, memoryMiB: config.deviceMemoryMiB, say, failed: say })
  const sink = together([
    config.lineage && collectorSink(config.lineage, store, log, VERSION),
    config.traces && traceSink(config.traces, store, log, VERSION),
  ])
  const alerts = config.alerts === undefined ? undefined : alertsTo(config.alerts, log)
  const guard = openGuard({ temp: () => store.home.tmp.file('.opened'), memoryMiB: config.memoryMiB, threads, idleMs: IDLE_MS }) // biome-ignore format: one line
  const hubs = new Map<string, EndpointHub>()
  const scopes = new Map<string, { at: number; scope: Promise<Scope> }>()
  const scope = (workspace: string = config.workspace): Promise<Scope> => {
    const known = scopes.get(workspace)
    // another process may have removed any but the default one, and made another of its name
    if (known && (workspace === DEFAULT_WORKSPACE || clock.ticks() - known.at < SCOPE_MS)) return known.scope
    const opened = openScope(store, workspace, 'local')
    scopes.set(workspace, { at: clock.ticks(), scope: opened })
    opened.catch(() => scopes.delete(workspace))
    return opened
  }
  const hub = (s: Scope): EndpointHub => {
    let known = hubs.get(s.workspace)
    if (!known) hubs.set(s.workspace, (known = createHub({ store, duckdb, scope: s, clock, log, alerts })))
    return known
  }
  const server: ServerOptions = {
    ware: {
      store,
      duckdb,
      guard,
      version: VERSION,
      lineageNamespace: config.lineageNamespace,
      coreHour: config.coreHour,
      hub,
    },
    log,
    scopeOf: scope,
  }
  return {
    config,
    store,
    duckdb,
    log,
    clock,
    scope,
    hub,
    ware: { store, duckdb, kinds: KINDS, clock, log, threads, version: VERSION, engine: config.engine, sink, alerts, device: device.for }, // biome-ignore format: one line
    app: () => createApp(server),
    listen: (at) => listen(server, at),
    async close() {
      for (const h of hubs.values()) await h.close()
      await alerts?.settled()
      await guard.close()
      await device.close()
      await duckdb.close()
      await store.close()
    },
  }
}
