import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import recipe from '../../recipes/flight-delay/recipe.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { rowsOf, runPlan } from '../../src/engines/plans.ts'
import { findLookAhead } from '../../src/ml/evaluation/lookahead.ts'
import { call, col, type Literal } from '../../src/plan/expr.ts'
import { build, type Node } from '../../src/plan/nodes.ts'
import type { Field } from '../../src/plan/types.ts'
import { rewrite } from '../../src/plan/walk.ts'
import { wholePlan } from '../../src/runs/inline.ts'

/** Airports in every zone of the country, with the legal clock of each: a truth that the recipe does not know. */
const PLACES = [
  { iata: 'JFK', zone: 'America/New_York', longitude: -73.78 },
  { iata: 'DTW', zone: 'America/Detroit', longitude: -83.35 },
  { iata: 'ORD', zone: 'America/Chicago', longitude: -87.9 },
  { iata: 'DEN', zone: 'America/Denver', longitude: -104.67 },
  { iata: 'PHX', zone: 'America/Phoenix', longitude: -112.01 },
  { iata: 'LAX', zone: 'America/Los_Angeles', longitude: -118.41 },
] as const
const MILES: Record<string, number> = {
  'JFK-LAX': 2475,
  'JFK-ORD': 740,
  'JFK-DTW': 509,
  'JFK-DEN': 1626,
  'JFK-PHX': 2153,
  'DTW-LAX': 1979,
  'DTW-ORD': 235,
  'DTW-DEN': 1123,
  'DTW-PHX': 1671,
  'ORD-LAX': 1745,
  'ORD-DEN': 888,
  'ORD-PHX': 1440,
  'DEN-LAX': 862,
  'DEN-PHX': 602,
  'PHX-LAX': 370,
}

/** µs that a wall clock in a zone is ahead of UTC at an instant. */
function ahead(zone: string, micros: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(
    new Date(micros / 1000),
  )
  const match = /GMT([+-])(\d+):(\d+)/.exec(parts.find((p) => p.type === 'timeZoneName')?.value ?? '')
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60e6 : 0
}

/** Flights every 20 minutes on every route for two days before and after the change to summer time. */
const START = Date.UTC(2001, 2, 31, 0) * 1000
const flights: Literal[][] = []
for (let n = 0; n < 2 * 24 * 3; n++)
  for (const [i, origin] of PLACES.entries())
    for (const [j, destination] of PLACES.entries()) {
      if (i === j) continue
      const departs = START + n * 20 * 60e6 + (i * 7 + j) * 60e6
      const miles = MILES[`${origin.iata}-${destination.iata}`] ?? MILES[`${destination.iata}-${origin.iata}`] ?? 500
      const local = departs + ahead(origin.zone, departs)
      const delay = ((n * 31 + i * 17 + j * 13) % 60) - 10
      // as fast as a jet can be: it is on the ground no earlier than this
      const lands = departs + (miles / 9.5 + 15) * 60e6
      flights.push([
        String(local),
        String(delay),
        String(miles),
        origin.iata,
        destination.iata,
        String(departs),
        String(Math.round(lands)),
      ])
    }

const field = (name: string, type: Field['type']): Field => ({ name, type, nullable: true })
const FLIGHTS = build({
  op: 'scan',
  from: { kind: 'rows', rows: flights },
  schema: [
    field('date', 'local timestamp'),
    field('delay', 'int64'),
    field('distance', 'int64'),
    field('origin', 'string'),
    field('destination', 'string'),
    field('trueDeparture', 'timestamp'),
    field('trueLanding', 'timestamp'),
  ],
})
const AIRPORTS = build({
  op: 'scan',
  from: { kind: 'rows', rows: PLACES.map((p) => [p.iata, p.longitude]) },
  schema: [field('iata', 'string'), field('longitude', 'float64')],
})

/** The recipe's own plan, over an entry that carries the truth through. */
const honest = rewrite(wholePlan(recipe, 'flight-features'), (n) =>
  n.op === 'scan' && n.from.kind === 'source' && n.from.name === 'flights'
    ? build({ op: 'scan', from: n.from, schema: FLIGHTS.schema })
    : n,
)
/** The same plan with one column defined otherwise. */
const planted = (column: string, as: (n: Extract<Node, { op: 'derive' }>) => ReturnType<typeof col>): Node =>
  rewrite(honest, (n) =>
    n.op === 'derive' && n.columns.some(([name]) => name === column)
      ? build({ ...n, columns: n.columns.map(([name, e]) => [name, name === column ? as(n) : e] as const) })
      : n,
  )

const temp = mkdtempSync(join(tmpdir(), 'galley-lookahead-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp })
let rows: Node = FLIGHTS
beforeAll(async () => {
  const file = join(temp, 'flights.parquet')
  await runPlan({ duckdb: engine, ...testContext() }, FLIGHTS, { parquet: file })
  rows = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: FLIGHTS.schema })
})
afterAll(async () => {
  await engine.close()
  rmSync(temp, { recursive: true, force: true })
})
const HOUR = 3600e6
const look = (root: Node) =>
  findLookAhead(
    {
      root,
      entry: 'flights',
      label: 'delay',
      truth: { asked: 'trueDeparture', known: 'trueLanding' },
      features: ['lateOut', 'flightsOut', 'lateIn', 'flightsIn'],
      moments: [10, 19, 31, 40].map((h) => START + h * HOUR),
    },
    (source) => (source === 'flights' ? rows : AIRPORTS),
    (n) => rowsOf({ duckdb: engine, ...testContext() }, n),
  )

test('the recipe does not look ahead, across zones and the change to summer time', async () => {
  expect(await look(honest)).toEqual([])
})

test('a look-ahead within an airport is caught: delays taken as known at departure', async () => {
  const found = await look(planted('known', () => col('at')))
  expect(new Set(found.map((f) => f.feature))).toEqual(new Set(['lateOut', 'lateIn']))
})

test('a look-ahead across zones is caught: wall clocks compared as they stand', async () => {
  const found = await look(planted('at', () => call('toInstant', col('date'))))
  expect(found.map((f) => f.feature)).toContain('lateIn')
})
