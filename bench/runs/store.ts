import { join } from 'node:path'
import pg from 'pg'
import { createClient } from '../../src/sdk/index.ts'
import { openHome } from '../../src/store/home.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import type { Row } from '../bench.ts'
import { type Setting, withGalley } from './setting.ts'

export const storeCases = ['store-list', 'store-by-recipe', 'store-by-status', 'store-open', 'store-newest-step', 'store-why-again', 'store-partitions'] // biome-ignore format: one line

/** What an answer may take, of 95 of 100. */
const BAR = 0.05
const ASKED = 200
const STEPS = 50
const RECIPES = 200

/** Answers of a workspace with 100,000 runs and 5 million steps: as a server gives them. */
export async function storeRows({ wanted, small, say, notes }: Setting): Promise<Row[]> {
  if (!storeCases.some(wanted)) return []
  const count = small ? 1000 : 100_000
  return withGalley(async (galley, home) => {
    const scope = await galley.scope()
    const began = performance.now()
    await seed(home, scope.workspace, count)
    say(
      `${count.toLocaleString('en-US')} runs of ${STEPS} steps written in ${((performance.now() - began) / 1000).toFixed(0)} s`,
    )
    const app = galley.app()
    const client = createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) })
    const any = (n: number) => Math.floor(Math.random() * n)
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      'store-list': async () => {
        const first = await client.runs.list({ limit: 50 })
        return client.runs.list({ limit: 50, cursor: first.next as string })
      },
      // one of them ran three times, first of all
      'store-by-recipe': () =>
        client.runs.list({ limit: 50, recipe: any(2) === 0 ? 'seldom' : `recipe-${any(RECIPES)}` }),
      'store-by-status': () => client.runs.list({ limit: 50, status: any(2) === 0 ? 'failed' : 'cancelled' }),
      'store-open': () => client.runs.get({ run: String(1 + any(count)) }),
      'store-newest-step': () => galley.store.steps.newest(scope, any(2) === 0 ? 'seldom-1' : `step-${any(STEPS)}`),
      'store-why-again': () => any(2) === 0 ? galley.store.steps.newestOf(scope, 'seldom', 'seldom-1') : galley.store.steps.newestOf(scope, `recipe-${any(RECIPES)}`, `step-${any(STEPS)}`), // biome-ignore format: one line
      'store-partitions': () => galley.store.runs.partitions(scope, 'parts', { limit: 500 }),
    }
    const rows: Row[] = []
    for (const name of storeCases.filter(wanted)) {
      const took: number[] = []
      for (let i = 0; i < ASKED; i++) {
        const asked = performance.now()
        await asks[name]?.()
        took.push((performance.now() - asked) / 1000)
      }
      const p95 = took.toSorted((a, b) => a - b)[Math.ceil(ASKED * 0.95) - 1] as number
      say(`${name} p95 ${(p95 * 1000).toFixed(1)} ms, the slowest ${(Math.max(...took) * 1000).toFixed(1)} ms`)
      rows.push({ case: name, peer: 'the bar', unit: 's', galley: p95, peerValue: BAR, ratio: p95 / BAR })
    }
    notes.push(
      `store: 95 of 100 answers of ${ASKED}, through the API's handlers, of ${count.toLocaleString('en-US')} runs and ${(count * STEPS).toLocaleString('en-US')} steps`,
    )
    return rows
  })
}

/** Runs and steps as SQL writes them: 3 runs of `seldom`, then 200 recipes by turns, one in ten of them by partitions. */
async function seed(folder: string, workspace: string, count: number): Promise<void> {
  const home = await openHome(folder)
  const server = await joinServer(home.postgres, join(home.logs, 'postgres.log'), [home.datasets, home.blobs])
  const client = new pg.Client({ ...server.connection })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO runs (workspace, id, number, recipe, recipe_hash, recipe_json, status, started, ended, owner, heartbeat, partition, summary)
       SELECT $1, 'run-' || i, i, CASE WHEN i <= 3 THEN 'seldom' WHEN i % 10 = 0 THEN 'parts' ELSE 'recipe-' || i % ${RECIPES} END, 'h',
         json_build_object('format', 1, 'name', 'r', 'steps', '[]'::json), CASE WHEN i % 50 = 7 THEN 'failed' WHEN i = 5000 THEN 'cancelled' ELSE 'done' END,
         now() - (${count} - i) * interval '1 minute', now() - (${count} - i) * interval '1 minute' + interval '30 s', 'nobody', now(),
         CASE WHEN i > 3 AND i % 10 = 0 THEN 'day-' || i % 4000 END, '{"seconds":{}}'
       FROM generate_series(1, ${count}) t(i)`,
      [workspace],
    )
    await client.query(
      `INSERT INTO steps (workspace, run, run_number, id, position, kind, cache_key, status, cached, output, seconds, ledger, generation, started, ended)
       SELECT $1, 'run-' || i, i, CASE WHEN i <= 3 THEN 'seldom-' ELSE 'step-' END || s, s, 'table', md5(i || ' ' || s), 'done', false,
         json_build_object('hash', md5(i || '-' || s), 'rows', 100, 'files', json_build_array('a.parquet')), 0.1, '{"table":{"bytesOut":100}}', 1, now(), now()
       FROM generate_series(1, ${count}) t(i), generate_series(0, ${STEPS - 1}) u(s)`,
      [workspace],
    )
    await client.query(
      `INSERT INTO counters VALUES ($1, 'run', ${count}) ON CONFLICT (workspace, noun) DO UPDATE SET value = ${count}`,
      [workspace],
    )
    await client.query('ANALYZE runs')
    await client.query('ANALYZE steps')
  } finally {
    await client.end()
    await server.close()
  }
}
