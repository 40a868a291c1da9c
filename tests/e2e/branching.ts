import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Kitchen } from '../../src/runs/kitchen.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { type RunResult, run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import type { MadeBranch, NewBranch } from '../../src/runs/workspaces/create.ts'
import type { BranchDiff } from '../../src/runs/workspaces/diff.ts'
import { type Client, createClient } from '../../src/sdk/index.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import { signal, type Written } from './datasets.ts'

const nothing = () => {}

/** A test's Galley as one works in a workspace of it. */
export interface In {
  readonly client: Client
  ran(made: Recipe): Promise<RunResult>
  /** Rows of a version as text, in its order. */
  rows(reference: string): Promise<string[]>
}

export function inWorkspace(w: Written, workspace: string): In {
  const app = w.galley.app()
  const client = createClient({ url: 'http://in.process', fetch: (r) => app.fetch(r), workspace })
  return {
    client,
    ran: async (made) =>
      run(w.galley.ware, await w.galley.scope(workspace), made, { folder: w.folder, signal, on: nothing }),
    async rows(name) {
      const { items } = await client.datasets.rows({ name, limit: 500 })
      return items.map((row) => Object.values(row).join(','))
    },
  }
}

export const branchOf = async (w: Written, asked: NewBranch & { from?: string }): Promise<MadeBranch> => {
  const body = { ...asked, datasets: asked.datasets && [...asked.datasets], sample: asked.sample && { ...asked.sample, key: asked.sample.key && [...asked.sample.key] } } // biome-ignore format: one line
  return resultOf<MadeBranch>(await w.client.branches.create({ body: body as never }), nothing)
}

export const diffOf = async (w: Written, branch: string, key?: string): Promise<BranchDiff> =>
  resultOf<BranchDiff>(await w.client.branches.diff({ branch, ...(key ? { key } : {}) }), nothing)

/** Every file under the data folder's datasets with the SHA-256 of what it holds; what is kept beside files for speed left out. */
export function filesIn(w: Written): Map<string, string> {
  const root = w.galley.store.home.datasets
  const found = new Map<string, string>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !path.endsWith('.sketch'))
      found.set(path.slice(root.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex'))
  }
  return found
}

/** Every row of every table that belongs to a workspace, as text. */
export async function recordOf(w: Written, workspace: string): Promise<string[]> {
  return asking(w, async (database) => {
    const { rows: tables } = await database.query<{ name: string }>(
      "select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'workspace' order by 1",
    )
    const found: string[] = []
    for (const { name } of tables) {
      const { rows } = await database.query<{ said: string }>(
        `select t::text as said from ${name} t where workspace = (select id from workspaces where name = $1) order by 1`,
        [workspace],
      )
      found.push(...rows.map((r) => `${name} ${r.said}`))
    }
    return found
  })
}

export async function asking<T>(w: Written, work: (database: pg.Client) => Promise<T>): Promise<T> {
  const { home } = w.galley.store
  const share = await joinServer(home.postgres, join(home.logs, 'postgres.log'))
  const database = new pg.Client({ ...share.connection })
  await database.connect()
  try {
    return await work(database)
  } finally {
    await database.end()
    await share.close()
  }
}

export const recipeOf = (name: string, body: (k: Kitchen) => void): Recipe => recipe(name, body)
