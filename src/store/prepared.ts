import type { Queries } from './database.ts'
import { type SQL, sql } from './drizzle.ts'

/** What is told to a statement, as the driver takes it. */
type Told = Readonly<Record<string, string | number | boolean | null>>

interface Ready<T> {
  execute(values: Record<string, unknown>): Promise<T>
}

let statements = 0

/**
 * A statement that is built here and planned by the server once for each connection, and told its values by name (`told`) whenever it is run: of those that a
 * run has for each step, both take longer than running it.
 */
export function prepared<T>(build: (q: Queries) => { prepare(name: string): Ready<T> }) {
  const name = `galley_${++statements}`
  const made = new WeakMap<Queries, Ready<T>>()
  return (q: Queries, values: Told): Promise<T> => {
    let ready = made.get(q)
    if (!ready) {
      ready = build(q).prepare(name)
      made.set(q, ready)
    }
    return ready.execute(values)
  }
}

/** Where a value of that name stands, in place of one of a column. */
export const told = (name: string): SQL => sql`${sql.placeholder(name)}`

/** JSON as it is told; null where there is none. */
export const toldJson = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value)

/** A moment as it is told, ms since 1970 UTC. */
export const toldMoment = (ms: number): string => new Date(ms).toISOString()
