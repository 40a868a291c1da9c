import { expect, test } from 'vitest'
import { type Node, plan } from '../../plan/nodes.ts'
import { CASES } from '../conformance/cases/index.ts'
import { engineConformance } from '../conformance/suite.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createWebgpuEngine } from './index.ts'
import { openSoftwareDevice } from './software.ts'

const host = createReferenceEngine()
const open = openSoftwareDevice
const engine = createWebgpuEngine({ host, open, memoryMiB: 256 })
const takes = (n: Node) => !isGaps(engine.prepare(plan(n)))
const gaps = CASES.filter((c) => !takes(c.plan)).map((c) => ({
  case: c.name,
  kind: 'todo' as const,
  reason: 'the device does not take it yet',
}))
engineConformance('webgpu', () => createWebgpuEngine({ host, open, memoryMiB: 256 }), { gaps, takes, runs: 200 })

test('it takes as many cases as it says', () => {
  expect(CASES.length - gaps.length).toBeGreaterThan(100)
})
