/// <reference lib="dom" />
import { readIpc } from '../../../src/engines/arrow/index.ts'
import type { Batch } from '../../../src/engines/batch.ts'
import { createLedger } from '../../../src/engines/ledger.ts'
import { createRowEngine } from '../../../src/engines/row/index.ts'
import { createWebgpuEngine } from '../../../src/engines/webgpu/index.ts'
import { learnFused } from '../../../src/ml/training/fused/fused.ts'
import { onDevice } from '../../../src/ml/training/fused/resident.ts'
import { fewerTrees } from '../fewer-trees.ts'

/** What the page tells the test: models and metrics, or what went wrong. */
async function work() {
  const tables = new Map<string, readonly Batch[]>()
  for (const name of ['flights', 'airports']) {
    const bytes = new Uint8Array(await (await fetch(`/${name}.arrow`)).arrayBuffer())
    tables.set(name, [...readIpc(bytes, createLedger()).batches()])
  }
  const said: string[] = []
  const say = (why: string) => void said.push(why)
  const engine = createWebgpuEngine({ host: createRowEngine({ tables }), memoryMiB: 1024, say })
  const { rows, candidates, ledger } = await learnFused({
    ...{ means: onDevice(engine), recipe: fewerTrees('flights', 'airports'), step: 'late-arrival', threads: 1, say },
    rows: (id) => ({ files: [id] }),
    ctx: {
      ...{ scope: { workspace: 'page', caller: 'page' }, signal: new AbortController().signal },
      ledger: createLedger(),
    },
  })
  await engine.close()
  return { rows, candidates, moved: ledger.total(), said }
}

const told = await work().catch((thrown: unknown) => ({
  failed: thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown),
}))
await fetch('/done', { method: 'POST', body: JSON.stringify(told) })
