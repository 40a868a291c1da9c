/**
 * Compares every engine with the reference on generated plans: `npm run conformance -- [plans] [seed] [engine]`. A plan
 * that differs is made as small as it can be and printed with the seed and the path that lead to it. Each block of plans
 * has the seed of the first and the number before it, so a run that was stopped goes on from there with the rest.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { comparePlans } from '../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../src/engines/duckdb/index.ts'
import { isGaps } from '../src/engines/engine.ts'
import { createRowEngine } from '../src/engines/row/index.ts'
import { plan } from '../src/plan/nodes.ts'

const [runs = '100000', given, only] = process.argv.slice(2)
const seed = Number(given ?? Math.floor(Math.random() * 2 ** 31))
const row = createRowEngine()
const engines = [
  { engine: createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: join(tmpdir(), 'galley-conformance') }) },
  { engine: row, takes: (n: Parameters<typeof plan>[0]) => !isGaps(row.prepare(plan(n))) },
]
const block = 2000
const named = engines.filter(({ engine }) => only === undefined || engine.name === only)
if (named.length === 0)
  throw new Error(`there is no engine '${only}' here: ${engines.map((e) => e.engine.name).join(', ')}`)
for (const { engine, takes } of named) {
  for (let done = 0; done < Number(runs); done += block) {
    const some = Math.min(block, Number(runs) - done)
    await comparePlans(engine, { runs: some, seed: seed + done, takes })
    process.stdout.write(`${engine.name}: ${done + some} plans agree with the reference (seed ${seed})\n`)
  }
  await engine.close()
}
