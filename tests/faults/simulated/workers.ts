import { hashJson } from '../../../src/base/hash.ts'
import type { Scope } from '../../../src/base/scope.ts'
import type { AnyStepKind, StepContext, StepResult } from '../../../src/runs/kind.ts'
import type { Kitchenware } from '../../../src/runs/step.ts'
import { work } from '../../../src/runs/worker.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { openHome } from '../../../src/store/home.ts'
import { type Store, storeOn } from '../../../src/store/store.ts'
import type { Random } from '../random.ts'
import { after, real, ticks, type World, within } from './time.ts'
import { connectionsOver, type Server, type Wire } from './wire.ts'

/** A process of the simulation: its clock, its wire, and its store. */
export interface Process {
  readonly world: World
  readonly wire: Wire
  readonly store: Store
}

const RENEW = `UPDATE jobs SET lease = clock_timestamp() + make_interval(secs => $1)
  WHERE workspace = $2 AND number = $3 AND generation = $4 AND status = 'running'`

/** @param folder of its own: files of processes are none that others see */
export async function processOf(server: Server, name: string, folder: string, random: Random): Promise<Process> {
  const world: World = { name, off: 0, alive: true, stopped: 0 }
  const wire: Wire = { torn: 0, silent: 0, lose: 0, sessions: new Set() }
  const connections = connectionsOver(server, wire, random)
  const database = openDatabase({ connection: connections, now: () => Date.now() })
  const home = await real(() => openHome(folder))
  /** As the thread that renews leases: what it knows of its job is of the last answer. */
  const hold: Store['hold'] = (scope, claim, seconds) => {
    const lost = new AbortController()
    let over = false
    const holds = seconds * 950
    const renewing = async () => {
      for (let sure = ticks(); !over; ) {
        const asked = ticks()
        const patience = Math.max(sure + holds - asked, holds / 4)
        const renewed = connections.query({ text: RENEW }, [seconds, scope.workspace, claim.number, claim.generation])
        const count = await Promise.race([
          renewed.then((r) => r.rowCount, () => undefined), // biome-ignore format: one line
          after(patience).then(() => undefined),
        ])
        if (over) return
        if (count === 0) break
        if (count !== undefined) sure = asked
        else if (ticks() - sure >= holds) break
        await after(Math.max(0, Math.min(holds / 4, sure + holds - ticks())))
      }
      if (!over) lost.abort(new Error('the job was cancelled or taken over'))
    }
    void renewing()
    return { lost: lost.signal, release: async () => void (over = true) }
  }
  const store = storeOn({ database, home, hold, serverPid: () => undefined, close: async () => {} })
  return { world, wire, store }
}

/** A step that takes its time, and publishes a version: done twice, there are two. */
const takes: AnyStepKind = {
  kind: 'process',
  module: import.meta.url,
  async run(ctx: StepContext<{ readonly ms: number }>): Promise<StepResult<{ hash: string }>> {
    const { recipe, step, scope } = ctx
    // one that was stopped meanwhile publishes at once when it goes on
    await after(step.spec.ms)
    const output = { hash: hashJson([recipe.name, step.id]) }
    return {
      output,
      async publish(tx) {
        const none = { rows: 0, bytes: 0, schema: [], path: step.id, parents: [], details: {}, step: step.id }
        await tx.datasets.publish(scope, { ...none, name: `${recipe.name}-${step.id}`, hash: output.hash, run: ctx.run.id }) // biome-ignore format: one line
        return output
      },
    }
  },
  summary: () => '',
} as unknown as AnyStepKind

/** Takes jobs until its process is killed, or for good. */
export function startWorker({ world, store }: Process, scope: Scope, said: (text: string) => void): void {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log }
  const ware = {
    ...{ store, kinds: { process: takes }, log, threads: 1, version: 'simulated', engine: 'processor' },
    clock: { now: () => Date.now(), ticks },
    duckdb: undefined,
    device: async () => 'none',
  } as unknown as Kitchenware
  within(world, () => {
    const options = {
      tags: [],
      signal: new AbortController().signal,
      say: said,
      on: (e: { type: string; step?: string }) =>
        ['start', 'done', 'failed'].includes(e.type) && said(`${e.type} ${e.step}`),
    }
    work(ware, scope, options as never).then(
      () => said('ended'),
      (error: unknown) => said(`ended with ${error}`),
    )
  })
}
