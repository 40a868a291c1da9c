import { expect, test } from 'vitest'
import { type Node, plan } from '../../plan/nodes.ts'
import { CASES } from '../conformance/cases/index.ts'
import { comparePlans } from '../conformance/compare.ts'
import { engineConformance } from '../conformance/suite.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { devicePlans } from './generate.ts'
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

/** Plans in a run; more of them by `GALLEY_DEVICE_RUNS`. */
const RUNS = Number(process.env['GALLEY_DEVICE_RUNS'] ?? 200)

test(`webgpu: ${RUNS} plans of all that it claims agree with the reference`, { timeout: 3_600_000 }, async () => {
  const strict = (n: Node) => {
    expect(engine.prepare(plan(n))).not.toBeInstanceOf(Array)
    return true
  }
  await comparePlans(engine, { runs: RUNS, seed: 20010105, takes: strict, plans: devicePlans })
})
