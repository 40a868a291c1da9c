import { readdirSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findIn } from '../../src/data/datasets/find.ts'
import { usedFiles } from '../../src/data/datasets/scrub.ts'
import { sketchPath } from '../../src/data/datasets/sketches/file.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { rowsOf } from '../../src/engines/plans.ts'
import { build } from '../../src/plan/nodes.ts'
import { type Ground, ROWS, until } from './ground.ts'

const signal = new AbortController().signal

/** Once no job is open: nothing acknowledged is lost, nothing is there twice. @throws with all that is wrong */
export async function auditRows(ground: Ground, datasets: readonly string[]): Promise<void> {
  const faults = await ended(ground)
  for (const dataset of datasets) faults.push(...(await rows(ground, dataset)))
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** Once no job is open, and after a clean-up: no file is left that nothing uses, every file that is used is there. @throws with all that is wrong */
export async function auditFiles({ g, client, scope, marks }: Ground): Promise<void> {
  const faults: string[] = []
  const root = join(g.store.home.datasets, scope.workspace)
  // what was left by those that were killed is taken for such after a day
  const past = new Date(Date.now() - 2 * 86_400_000)
  for (const name of readdirSync(root))
    for (const id of readdirSync(join(root, name))) utimesSync(join(root, name, id), past, past)
  await client.runs.clean({ body: { days: 0, dryRun: false } })
  for (const name of marks.keys()) {
    const { files, damaged } = await usedFiles(g.store, scope, name)
    for (const d of damaged) faults.push(`${d.path} is damaged: ${d.why}`)
    const used = new Set(files.flatMap((f) => [f.path, sketchPath(f.path)]))
    const live = new Set(await foldersOf(g, scope, name))
    for (const id of readdirSync(join(root, name))) {
      const at = join(root, name, id)
      const all = readdirSync(at, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
      for (const e of all) {
        const path = join(e.parentPath, e.name)
        // manifests and what lies beside them belong to a version that is there
        if (!used.has(path) && !(live.has(at) && !basename(path).endsWith('.parquet')))
          faults.push(`${path} is used by nothing`)
        used.delete(path)
      }
    }
    for (const f of files) if (used.has(f.path)) faults.push(`${f.path} is gone`)
  }
  const again = await client.runs.clean({ body: { days: 0, dryRun: true } })
  for (const f of again.folders) faults.push(`${f.path} is left after a clean-up`)
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

async function foldersOf(g: Ground['g'], scope: Ground['scope'], name: string): Promise<string[]> {
  const all: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await g.store.datasets.versions(scope, name, { limit: 500, cursor })
    all.push(...page.items.map((v) => dirname(join(g.store.home.datasets, v.path))))
    cursor = page.next
    if (cursor === undefined) return all
  }
}

async function ended({ g, scope, jobs }: Ground): Promise<string[]> {
  const faults: string[] = []
  for (const number of jobs) {
    const job = await g.store.jobs.get(scope, number).catch(() => undefined)
    if (job?.status === 'done') jobs.delete(number)
    else if (!job) faults.push(`job ${number} was acknowledged and is lost`)
    else faults.push(`job ${number} is ${job.status} after ${job.attempts} attempts: ${JSON.stringify(job.error)}`)
  }
  // how a run ended is written a moment later where there was no room for it
  const over = async () => (await g.store.leftovers.underWay(scope)) <= (await g.store.runs.abandoned(scope)).length
  if (!(await until('the end of all runs', over, 30_000).catch(() => false))) {
    const { items } = await g.store.runs.list(scope, { status: 'running' })
    const those = items.map((r) => `${r.number} (job ${r.job ?? 'none'}, of ${r.owner})`)
    faults.push(`runs are said to be under way, and no job is: ${those.join(', ')}`)
  }
  return faults
}

/** Each job's rows once, all of one making; versions without gaps. */
async function rows({ g, scope, marks }: Ground, dataset: string): Promise<string[]> {
  const faults: string[] = []
  const { items } = await g.store.datasets.versions(scope, dataset, { limit: 500 })
  const numbers = items.map((v) => v.version).toSorted((a, b) => a - b)
  if (numbers.some((n, i) => n !== (numbers[0] ?? 0) + i)) faults.push(`${dataset} has the versions ${numbers.join()}`)
  const { files, schema } = await findIn(g.store, scope)(dataset)
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: files.map((f) => f.path) }, schema })
  const seen = new Map<number, { rows: number[]; nonces: Set<string> }>()
  for (const r of await rowsOf({ duckdb: g.duckdb, scope, signal, ledger: createLedger() }, scan)) {
    const mark = Number(r['job'])
    const known = seen.get(mark) ?? { rows: [], nonces: new Set() }
    known.rows.push(Number(r['row']))
    known.nonces.add(String(r['nonce']))
    seen.set(mark, known)
  }
  for (const mark of marks.get(dataset) ?? [])
    if (!seen.has(mark)) faults.push(`the rows of ${dataset}:${mark} are lost`)
  const whole = Array.from({ length: ROWS }, (_, i) => i).join()
  for (const [mark, { rows, nonces }] of seen)
    if (rows.toSorted((a, b) => a - b).join() !== whole || nonces.size !== 1)
      faults.push(`${dataset}:${mark} has the rows ${rows.join()} of ${nonces.size} makings`)
  return faults
}
