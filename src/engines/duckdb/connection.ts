import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { throwIfAborted } from '../../base/errors.ts'
import type { RunContext } from '../engine.ts'
import { type DuckdbOptions, openDatabase } from './database.ts'
import { translate } from './failures.ts'
import { registerWindows } from './rolling-probe.ts'
import type { WindowTable } from './rolling-table.ts'

/** The database, and the windows that queries under way read. */
export interface Instance {
  readonly db: DuckDBInstance
  readonly windows: Map<number, WindowTable>
  lastWindow: number
}
export type Open = () => Promise<Instance>

export async function openInstance(options: DuckdbOptions): Promise<Instance> {
  const db = await openDatabase(options)
  const windows = new Map<number, WindowTable>()
  const connection = await db.connect()
  registerWindows(connection, windows)
  connection.closeSync()
  return { db, windows, lastWindow: 0 }
}

/** Runs work on a connection of its own. */
export async function withConnection<T>(
  open: Open,
  ctx: RunContext,
  work: (c: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const { connection, release } = await connect(open, ctx)
  try {
    return await work(connection)
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    release()
  }
}

/** How often a run that was cancelled is interrupted, ms: a query that begins at that moment takes no notice of the first time. */
const AGAIN = 50

/** One connection a run: the signal interrupts it until it is released, its progress is told every 200 ms. */
export async function connect(
  open: Open,
  ctx: RunContext,
): Promise<{ connection: DuckDBConnection; release: () => void }> {
  throwIfAborted(ctx.signal)
  const connection = await (await open()).db.connect()
  if (ctx.progress) {
    await connection.run('SET enable_progress_bar = true')
    await connection.run('SET enable_progress_bar_print = false')
  }
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    again ??= setInterval(() => connection.interrupt(), AGAIN)
  }
  ctx.signal.addEventListener('abort', interrupt, { once: true })
  const timer = ctx.progress
    ? setInterval(() => {
        const { percentage } = connection.progress
        if (percentage > 0) ctx.progress?.({ done: Math.min(100, percentage), total: 100, unit: 'percent' })
      }, 200)
    : undefined
  return {
    connection,
    release() {
      clearInterval(timer)
      clearInterval(again)
      ctx.signal.removeEventListener('abort', interrupt)
      connection.closeSync()
    },
  }
}
