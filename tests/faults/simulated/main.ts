/** Simulates workers, a server's clients and what lies between them by a seed: `main.ts SEED FOLDER CONNECTION`. Prints a trace, and what is wrong at the end. */
import { join } from 'node:path'
import pg from 'pg'
import { sha256 } from '../../../src/base/hash.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { openScope } from '../../../src/tenancy/workspace.ts'
import { between, randomOf } from '../random.ts'
import { after, begin, pass, ticks, within } from './time.ts'
import { ownerOf, serverOf } from './wire.ts'
import { processOf, startWorker } from './workers.ts'

const [seed = '1', folder = '', connection = '{}'] = process.argv.slice(2)
const random = randomOf(Number(seed), 'simulated', 0)
const WORKERS = 3
const JOBS = 24
/** ms in which faults are done, and in which all is to be over then. */
const FAULTS = 30_000
const LONGEST = 3_600_000

const address = JSON.parse(connection) as pg.ClientConfig
const first = openDatabase({ connection: address, now: () => Date.now() })
await migrate(first)
await first.close()
const server = await serverOf(address)
begin(random)

const trace: string[] = []
const say = (who: string) => (what: string) =>
  void trace.push(`${String(ticks()).padStart(9)} ${who.padEnd(10)} ${what}`)
let made = 0
const another = (name: string) => processOf(server, name, join(folder, `${++made}`), random)

let over = false
const acknowledged = new Set<number>()
/** Owners of runs that were killed. */
const killed = new Set<string>()
const asked: string[] = []

async function simulate(): Promise<void> {
  const client = await another('client')
  const scope = await openScope(client.store, 'default', 'simulated')
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, i) => another(`worker-${i}`)))
  for (const w of workers) startWorker(w, scope, say(w.world.name))
  const queueing = within(client.world, async () => {
    for (let n = 0; n < JOBS; n++) {
      const steps = Array.from({ length: between(random, 1, 3) }, (_, i, ) => ({ id: `s${i}`, kind: 'process', inputs: i > 0 ? [`s${i - 1}`] : [], spec: { job: n, ms: between(random, 50, 1500) } })) // biome-ignore format: one line
      const name = `job-${n}`
      const recipeJson = { format: 1, name, steps }
      asked.push(...steps.map((s) => `${name}-${s.id}`))
      // asked until it is answered: what was taken in without an answer is there already
      for (;;) {
        const job = { recipe: name, recipeJson, folder: '/', engine: null, priority: 0, tags: [], mostAttempts: 1000 }
        const done = await client.store.jobs.queueOnce(scope, job as never).catch(() => undefined)
        if (done) {
          acknowledged.add(done.job.number)
          say('client')(`queued ${done.job.number}${done.already ? ' already' : ''}`)
          break
        }
        await after(200)
      }
      await after(between(random, 0, 1200))
    }
  })
  while (ticks() < FAULTS) {
    await after(between(random, 50, 1500))
    const at = between(random, 0, WORKERS - 1)
    const victim = workers[at] as (typeof workers)[number]
    const wire = between(random, 0, 4) === 0 ? client.wire : victim.wire
    const until = ticks() + between(random, 50, 8000)
    const kind = between(random, 0, 5)
    say('fault')(`${['kill', 'stop', 'tear', 'silence', 'lose', 'clock'][kind]} ${victim.world.name} until ${until}`)
    if (kind === 0) {
      victim.world.alive = false
      killed.add(ownerOf(victim.world))
      for (const session of victim.wire.sessions) await server.drop(session)
      workers[at] = await another(`worker-${at}.${made}`)
      startWorker(workers[at], scope, say(workers[at].world.name))
    } else if (kind === 1) victim.world.stopped = until
    else if (kind === 2) {
      wire.torn = until
      for (const session of wire.sessions) await server.drop(session)
    } else if (kind === 3) wire.silent = until
    else if (kind === 4) wire.lose += between(random, 1, 3)
    else victim.world.off = [-86_400_000, -3_600_000, 3_600_000, 86_400_000][between(random, 0, 3)] ?? 0
  }
  await queueing
  for (const { wire } of [...workers, client]) Object.assign(wire, { torn: 0, silent: 0, lose: 0 })
  for (;;) {
    const { items } = await client.store.jobs.list(scope, { limit: 100 }).catch(() => ({ items: undefined }))
    if (items?.every((j) => j.status === 'done' || j.status === 'failed' || j.status === 'cancelled')) break
    await after(500)
  }
  over = true
}
simulate().catch((error: unknown) => {
  say('simulation')(`failed: ${error instanceof Error ? error.stack : error}`)
  over = true
})
await pass(() => over, LONGEST).catch((error: unknown) => say('simulation')(String(error)))

const look = new pg.Client(address)
await look.connect()
const all = async (sql: string) => (await look.query(sql)).rows as Record<string, unknown>[]
const wrong = trace.filter((line) => / simulation /.test(line))
for (const { number, status } of await all('select number, status from jobs order by number'))
  if (status !== 'done') wrong.push(`job ${number} is ${status}`)
const jobs = new Set((await all('select number from jobs')).map((r) => Number(r['number'])))
for (const number of acknowledged) if (!jobs.has(number)) wrong.push(`job ${number} was acknowledged, and is not there`)
const versions = new Map((await all('select name, latest from datasets order by name')).map((r) => [String(r['name']), Number(r['latest'])])) // biome-ignore format: one line
for (const name of asked)
  if (versions.get(name) !== 1) wrong.push(`${name} was published ${versions.get(name) ?? 0} times`)
// whoever takes a job ends its runs; one that no job knows of yet counts as killed with its worker
for (const { number, owner, job } of await all("select number, owner, job from runs where status = 'running'"))
  if (job !== null || !killed.has(String(owner))) wrong.push(`run ${number} is said to be under way`)
for (const t of ['jobs', 'runs', 'steps', 'datasets', 'dataset_versions', 'run_lines', 'step_outputs'])
  for (const row of await all(`select (to_jsonb(t) - 'resources')::text as row from ${t} t order by 1`))
    trace.push(`${t} ${String(row['row'])}`)
await look.end()
await server.close()
process.stdout.write(
  `${JSON.stringify({ seed: Number(seed), ms: ticks(), trace: sha256(trace.join('\n')), lines: trace.length, wrong })}\n`,
)
if (process.env['GALLEY_TRACE']) process.stderr.write(`${trace.join('\n')}\n`)
process.exit(wrong.length > 0 ? 1 : 0)
