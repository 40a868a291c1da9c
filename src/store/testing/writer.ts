/**
 * A process of the durability tests: writes to every kind of place and says on stdout, one line each, what was
 * acknowledged, until it is killed.   node writer.ts HOME LOG-FOLDER
 */
import { openAppendLog } from '../log/appendlog.ts'
import { openStore } from '../store.ts'

const [home = '', folder = ''] = process.argv.slice(2)
const store = await openStore({ home })
const log = await openAppendLog(folder)
const workspace = await store.workspaces.ensure('default')
const scope = { workspace: workspace.id, caller: 'writer' }
const say = (line: string) => void process.stdout.write(`${line}\n`)

async function forever(work: (n: number) => Promise<string>): Promise<void> {
  for (let n = 0; ; n++) {
    try {
      say(await work(n))
    } catch (error) {
      // a lost connection leaves the outcome open; anything else is a failure of the test
      const { code, message } = error as Error & { code?: string }
      if (code !== 'STORE_UNAVAILABLE') say(`failed ${code} ${message}`)
    }
  }
}

const version = (n: number) => ({ rows: n, bytes: n, schema: [], hash: `${n}`, path: `${n}`, parents: [] })
void forever(async () => `run ${(await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })).number}`)
void forever(async (n) => `dataset ${(await store.datasets.publish(scope, { name: 'd', ...version(n) })).version}`)
void forever(async (n) => `blob ${(await store.blobs.put(scope, `${process.pid} ${n}`)).hash}`)
void forever(async (n) => `log ${await log.append({ n })}`)
