import { expect, test } from 'vitest'
import { type Node, plan } from '../../plan/nodes.ts'
import { printPlan } from '../../plan/print.ts'
import { CASES } from '../conformance/cases/index.ts'
import { comparePlans } from '../conformance/compare.ts'
import { engineConformance } from '../conformance/suite.ts'
import { type Engine, isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { devicePlans, devicePlansOfFloats } from './generate.ts'
import { devicePlansOfTables } from './generate-tables.ts'
import { createWebgpuEngine } from './index.ts'

const host = createReferenceEngine()
const engine = createWebgpuEngine({ host, memoryMiB: 256 })
const takes = (n: Node) => !isGaps(engine.prepare(plan(n)))
const gaps = CASES.filter((c) => !takes(c.plan)).map((c) => ({
  case: c.name,
  kind: 'todo' as const,
  reason: 'the device does not take it yet',
}))
engineConformance('webgpu', () => createWebgpuEngine({ host, memoryMiB: 256 }), { gaps, takes, runs: 200 })

/** Plans in a run, a third as many of several tables, a sixth of floats; more of them by `GALLEY_DEVICE_RUNS`. */
const RUNS = Number(process.env['GALLEY_DEVICE_RUNS'] ?? 60)
/** Where one of the three goes on that was left: a number of plans that it said. */
const FROM = Number(process.env['GALLEY_DEVICE_FROM'] ?? 0)
const SEED = Number(process.env['GALLEY_SEED'] ?? 20010105)

test.each([
  ['a table', RUNS, devicePlans],
  ['a table whose floats are computed with', Math.ceil(RUNS / 6), devicePlansOfFloats],
  ['several tables', Math.ceil(RUNS / 3), devicePlansOfTables],
])(
  'webgpu: plans of %s, of all that it claims, agree with the reference (%d)',
  async (_, runs, plans) => {
    let current: Node | undefined
    const strict = (n: Node) => {
      expect(alone.prepare(plan(n))).not.toBeInstanceOf(Array)
      current = n
      return true
    }
    // the host reads scans, and runs a whole plan only where the plan itself fails
    const watched: Engine = {
      ...host,
      prepare(p) {
        const prepared = host.prepare(p)
        if (isGaps(prepared)) return prepared
        return {
          ...prepared,
          async run(ctx, sink) {
            if (p.root === current) fell.push(printPlan(p.root))
            return prepared.run(ctx, sink)
          },
        }
      },
    }
    const fell: string[] = []
    const alone = createWebgpuEngine({
      host: watched,
      memoryMiB: 256,
      say: (why) => {
        throw new Error(`it went to the host: ${why}`)
      },
    })
    await comparePlans(alone, {
      ...{ runs, from: FROM, seed: SEED, takes: strict, plans },
      compared: (n) => RUNS > 60 && process.stdout.write(`${n} of ${runs} plans agree, by ${SEED}\n`),
    })
    await alone.close()
    // values that fail are for the host to tell; tables have none
    const most = plans === devicePlansOfTables ? 0 : 0.7 * Math.max(0, runs - FROM)
    expect(fell.length, `plans that the host ran: ${fell.slice(0, 3).join('\n')}`).toBeLessThanOrEqual(most)
  },
  24 * 3_600_000,
)
