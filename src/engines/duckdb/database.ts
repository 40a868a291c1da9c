import { mkdirSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import type { RunContext } from '../engine.ts'
import { translate } from './failures.ts'

export interface DuckdbOptions {
  /** Memory that queries may take before they spill, MiB. */
  readonly memoryMiB: number
  readonly threads?: number
  /** Folder for what spills. */
  readonly temp: string
}

/** A database in memory with the settings that the meaning of plans and of sources relies on. */
export async function openDatabase(options: DuckdbOptions): Promise<DuckDBInstance> {
  mkdirSync(options.temp, { recursive: true })
  const db = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryMiB}MiB`,
    temp_directory: options.temp,
    // a file is read in its own order, so that what is computed from it is the same every time
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.threads ? { threads: String(options.threads) } : {}),
  })
  const connection = await db.connect()
  await connection.run("SET GLOBAL TimeZone = 'UTC'")
  connection.closeSync()
  return db
}

/** SQL alone, without what runs plans: a process that only reads files begins twice as fast. */
export interface Sessions {
  session<T>(
    ctx: RunContext,
    work: (query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<T>,
  ): Promise<T>
  close(): void
}

/** Opens a database whose sessions are as the engine's. */
export async function openSessions(options: DuckdbOptions): Promise<Sessions> {
  const db = await openDatabase(options)
  return {
    async session(ctx, work) {
      const connection = await db.connect()
      try {
        return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson())
      } catch (error) {
        throw translate(error, ctx)
      } finally {
        connection.closeSync()
      }
    },
    close: () => db.closeSync(),
  }
}
