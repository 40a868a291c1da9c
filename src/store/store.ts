import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import { type Alarms, alarmsOn } from './alarms.ts'
import { type Approvals, approvalsOn } from './approvals.ts'
import { type Artifacts, artifactsOn } from './artifacts.ts'
import type { Blobs } from './blobs/blobs.ts'
import { fileBlobs } from './blobs/files.ts'
import { type Branches, branchesOn } from './branches.ts'
import { type Cache, cacheOn } from './cache.ts'
import { type Calendars, calendarsOn } from './calendars.ts'
import { clockOf, type Database, type DatabasePool, openDatabase } from './database.ts'
import { type Datasets, datasetsOn } from './datasets.ts'
import { type Endpoints, endpointsOn } from './endpoints.ts'
import { type Events, eventsOn } from './events.ts'
import { type Forgettings, forgettingsOn } from './forgettings.ts'
import { type Home, openHome } from './home.ts'
import { type JobClaim, type Jobs, jobsOn } from './jobs.ts'
import { type Leftovers, leftoversOn } from './leftovers.ts'
import { type Lines, linesOn } from './lines.ts'
import { migrate } from './migrate.ts'
import { type Models, modelsOn } from './models.ts'
import { type Pools, poolsOn } from './pools.ts'
import { joinServer, type ServerShare } from './postgres/server.ts'
import { type QualityChecks, qualityOn } from './quality.ts'
import { type Runs, runsOn } from './runs.ts'
import { type Schedules, schedulesOn } from './schedules.ts'
import { type Shares, sharesOn } from './shares.ts'
import { type Sources, sourcesOn } from './sources.ts'
import { type Steps, stepsOn } from './steps.ts'
import { type Suppressions, suppressionsOn } from './suppressions.ts'
import { type DatasetTags, tagsOn } from './tags.ts'
import { type MonitorWindows, windowsOn } from './windows.ts'
import { type Workspaces, workspacesOn } from './workspaces.ts'

/** The tables, one group of functions for each noun. All of them take a Scope first. */
export interface Tables {
  readonly runs: Runs
  readonly jobs: Jobs
  readonly shares: Shares
  readonly schedules: Schedules
  readonly pools: Pools
  readonly calendars: Calendars
  readonly steps: Steps
  readonly lines: Lines
  readonly approvals: Approvals
  readonly cache: Cache
  readonly datasets: Datasets
  readonly tags: DatasetTags
  readonly forgettings: Forgettings
  readonly suppressions: Suppressions
  readonly leftovers: Leftovers
  readonly models: Models
  readonly endpoints: Endpoints
  readonly artifacts: Artifacts
  readonly windows: MonitorWindows
  readonly alarms: Alarms
  readonly quality: QualityChecks
  readonly events: Events
  readonly sources: Sources
  readonly branches: Branches
}

/** Everything that Galley keeps. */
export interface Store extends Tables {
  readonly home: Home
  readonly blobs: Blobs
  /** Only for `tenancy`, which makes scopes from them. */
  readonly workspaces: Workspaces
  /**
   * All that `work` does through `tx` takes effect together or not at all. Let it touch only the database: after a
   * deadlock it is run again.
   */
  transaction<T>(scope: Scope, work: (tx: Tables) => Promise<T>): Promise<T>
  /**
   * Keeps a job's lease from a thread of its own until it is released, however busy this one is. `lost` fires when the job was cancelled or
   * taken over, or the database is out of reach for longer than the lease holds.
   */
  hold(scope: Scope, claim: JobClaim, seconds: number): { readonly lost: AbortSignal; release(): Promise<void> }
  /** The database's own clock, ms since 1970 UTC: what is due is due by it. */
  clock(): Promise<number>
  /** The embedded server's process id; undefined when another server is used. */
  serverPid(): number | undefined
  /** Leaves the database (the last process to leave stops it) and removes this process's temporary files. */
  close(): Promise<void>
}

export interface StoreOptions {
  /** The data folder. */
  readonly home: string
  /** A PostgreSQL server to use instead of the embedded one. */
  readonly databaseUrl?: string | undefined
  readonly log?: Log | undefined
  readonly clock?: Clock
}

/** Opens the data folder, starts or joins its database, and brings its tables to this release. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, log, clock = systemClock } = options
  const start = clock.ticks()
  const home = await openHome(options.home)
  let server: ServerShare | undefined
  try {
    if (databaseUrl === undefined)
      server = await joinServer(home.postgres, join(home.logs, 'postgres.log'), [home.datasets, home.blobs])
    const share = server
    const connection = share
      ? { ...share.connection }
      : { connectionString: databaseUrl, keepAlive: true, keepAliveInitialDelayMillis: 10_000 }
    const database = openDatabase({
      connection,
      now: clock.now,
      home: home.path,
      ...(share ? { ensure: () => share.ensure() } : {}),
    })
    try {
      await migrate(database)
    } catch (error) {
      await database.close()
      throw error
    }
    log?.debug('store opened', {
      home: home.path,
      embedded: share !== undefined,
      ms: Math.round(clock.ticks() - start),
    })
    let closing: Promise<void> | undefined
    const close = async () => {
      await database.close()
      await share?.close()
      home.tmp.close()
    }
    return storeOn({
      ...{ database, home },
      hold: (scope, claim, seconds) => holding({ connection, workspace: scope.workspace, ...claim, seconds }),
      serverPid: () => share?.pid(),
      close: () => (closing ??= close()),
    })
  } catch (error) {
    await server?.close().catch(() => undefined)
    home.tmp.close()
    throw error
  }
}

/** The store over a database that is open and has its tables, and a data folder. */
export const storeOn = ({
  database,
  home,
  ...more
}: { readonly database: DatabasePool; readonly home: Home } & Pick<Store, 'hold' | 'serverPid' | 'close'>): Store => ({
  ...tablesOn(database),
  home,
  blobs: fileBlobs(home.blobs, home.tmp),
  workspaces: workspacesOn(database),
  transaction: (_scope, work) =>
    database.transaction('the transaction could not be completed', (tx) => work(tablesOn(tx))),
  clock: () => database.read('the clock of the database could not be read', clockOf),
  ...more,
})

function tablesOn(database: Database): Tables {
  return {
    runs: runsOn(database),
    jobs: jobsOn(database),
    shares: sharesOn(database),
    schedules: schedulesOn(database),
    pools: poolsOn(database),
    calendars: calendarsOn(database),
    steps: stepsOn(database),
    lines: linesOn(database),
    approvals: approvalsOn(database),
    cache: cacheOn(database),
    datasets: datasetsOn(database),
    tags: tagsOn(database),
    forgettings: forgettingsOn(database),
    suppressions: suppressionsOn(database),
    leftovers: leftoversOn(database),
    models: modelsOn(database),
    endpoints: endpointsOn(database),
    artifacts: artifactsOn(database),
    windows: windowsOn(database),
    alarms: alarmsOn(database),
    quality: qualityOn(database),
    events: eventsOn(database),
    sources: sourcesOn(database),
    branches: branchesOn(database),
  }
}

function holding(workerData: object): ReturnType<Store['hold']> {
  const lost = new AbortController()
  const lose = () => lost.abort(new Error('the job was cancelled or taken over'))
  const thread = new Worker(new URL('./holder.ts', import.meta.url), { workerData, name: 'job-lease' })
  thread.once('message', lose)
  thread.once('error', lose)
  return { lost: lost.signal, release: async () => void (await thread.terminate()) }
}
