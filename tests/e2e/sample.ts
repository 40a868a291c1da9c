import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testContext } from '../../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'

const folder = fileURLToPath(new URL('../data/', import.meta.resolve('vega-datasets')))
export const FLIGHTS = join(folder, 'flights-3m.parquet')
export const AIRPORTS = join(folder, 'airports.csv')

/** A few whole days of each month, the last of May among them, with the bad rows, as files of their own: what the recipe does in a minute takes seconds. */
export async function sampleFlights(into: string): Promise<{ flights: string; airports: string; rows: number }> {
  mkdirSync(into, { recursive: true })
  const flights = join(into, 'flights.parquet')
  const airports = join(into, 'airports.csv')
  copyFileSync(AIRPORTS, airports)
  const engine = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: join(into, 'tmp') })
  const days = `(month(date) <= 4 AND day(date) <= 3) OR (month(date) IN (5, 6) AND day(date) <= 4) OR (month(date) = 5 AND day(date) = 31) OR delay < -120 OR date >= '2001-07-01'`
  const rows = await engine.session(testContext(), async (query) => {
    const [written] = await query(
      `COPY (SELECT * FROM read_parquet('${FLIGHTS}') WHERE ${days}) TO '${flights}' (FORMAT parquet)`,
    )
    return Number(written?.['Count'])
  })
  await engine.close()
  return { flights, airports, rows }
}
