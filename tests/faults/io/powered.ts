/**
 * Looks at what the power left the last time, does the work of that time again and the next one's until the power goes: `node tests/faults/io/powered.ts FOLDER SEED
 * ROUND`. Ends by SIGKILL; with the round `last` it only looks. What is wrong is thrown.
 */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { intact } from '../../../src/data/datasets/files.ts'
import { scrub, usedFiles } from '../../../src/data/datasets/scrub.ts'
import { sketchPath } from '../../../src/data/datasets/sketches/file.ts'
import type { Galley } from '../../../src/main.ts'
import { restored } from '../../../src/runs/portable.ts'
import type { TableOutput } from '../../../src/runs/steps/table.ts'
import { createClient } from '../../../src/sdk/index.ts'
import { between, randomOf } from '../random.ts'
import { losePower } from './power.ts'
import { type Left, open, work } from './work.ts'

const [folder = '', seed = '1', round = '0'] = process.argv.slice(2)
const [home, journal] = [join(folder, 'home'), join(folder, 'acknowledged')]
mkdirSync(home, { recursive: true })
/** The work that is under way or done, and what was said of it once it was; and how much there is to lose. */
interface Said {
  readonly begun?: number
  readonly done?: number
  readonly left?: Left
  readonly count?: number
}
const said = existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n').map((l) => JSON.parse(l) as Said) : [] // biome-ignore format: one line
const say = (what: Said) => appendFileSync(journal, `${JSON.stringify(what)}\n`)
const DATASETS = ['log', 'latest', 'features']

const random = randomOf(Number(seed), 'power', Number(round) || 0)
const power = await losePower(home, join(home, 'postgres'), random)
const g = await open(home)
const scope = await g.scope()
const begun = said.findLast((s) => s.begun !== undefined)?.begun ?? -1
const left = said.findLast((s) => s.done === begun)?.left

if (begun >= 0) {
  await whole(g)
  if (left) {
    assert.equal((await g.store.datasets.find(scope, 'log'))?.rows, left.log, 'rows that were acknowledged')
    assert.equal((await g.store.datasets.find(scope, 'latest'))?.rows, left.latest, 'rows that were acknowledged')
  }
  const again = await work(g, folder, begun)
  if (left) assert.deepEqual(again, left, 'what was acknowledged')
  assert.equal(again.log, 60 * (begun + 1), 'each row once')
  await whole(g)
}
if (round === 'last') await nothingLeft(g)
else {
  const next = begun + 1
  const before = power.count()
  const much = said.findLast((s) => s.count !== undefined)?.count
  const pid = g.store.serverPid()
  const killed = () => {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }
  // in one of eight it goes once all is done
  if (much !== undefined && random() < 7 / 8) power.at(between(random, 1, much), killed)
  say({ begun: next })
  const made = await work(g, folder, next)
  say({ done: next, left: made, count: power.count() - before })
  power.at(1, killed)
  appendFileSync(join(home, 'logs', 'power'), 'gone')
}
await g.close()

/** Every file that a version names is as it was written, and every model can be read. */
async function whole(g: Galley): Promise<void> {
  for (const dataset of DATASETS) {
    const { damaged } = await scrub(g.store, scope, { dataset, signal: new AbortController().signal })
    assert.deepEqual(damaged, [], `files of ${dataset}`)
  }
  const { items } = await g.store.models.versions(scope, 'lateness', { limit: 500 })
  // what runs that are known to have ended computed on their way is brought to the disk before they are
  const ended = (await g.store.runs.list(scope, { limit: 20 })).items.filter((run) => run.status === 'done')
  for (const run of ended)
    for (const { id, kind, output } of (await g.store.steps.list(scope, run.id, { limit: 100 })).items)
      if (kind === 'table')
        assert.ok(await intact(restored(output as TableOutput, home).kept), `'${id}' of run ${run.number}`)
  for (const { blob } of items) assert.ok((await g.store.blobs.get(scope, blob)).length > 0, 'a model')
}

/** After a clean-up, days later, there is no file that no version uses. */
async function nothingLeft(g: Galley): Promise<void> {
  const roots = DATASETS.map((name) => join(home, 'datasets', scope.workspace, name))
  const past = Date.now() / 1000 - 3 * 86_400
  for (const root of roots) for (const id of readdirSync(root)) utimesSync(join(root, id), past, past)
  const app = g.app()
  await createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) }).runs.clean({ body: { days: 0, dryRun: false } }) // biome-ignore format: one line
  for (const [i, root] of roots.entries()) {
    const { files } = await usedFiles(g.store, scope, DATASETS[i] as string)
    const used = new Set(files.flatMap((f) => [f.path, sketchPath(f.path)]))
    const there = readdirSync(root, { recursive: true, withFileTypes: true })
    const strange = there.filter((e) => e.name.endsWith('.parquet') && !used.has(join(e.parentPath, e.name)))
    assert.deepEqual(strange.map((e) => join(e.parentPath, e.name)), [], 'files that nothing uses') // biome-ignore format: one line
  }
}
