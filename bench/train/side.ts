/** Galley's side of a case, as `peer.py` is the other: learns once from its numbers, and prints seconds, processor seconds and bytes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { trainerOf } from '../../src/ml/training/index.ts'
import type { TrainTask } from '../../src/ml/training/trainer.ts'
import type { Goal } from '../../src/runs/goal.ts'
import { relationOf } from '../unsupervised/data.ts'

/** A case as both sides are told it. */
export interface About {
  readonly file: string
  readonly out: string
  readonly features: number
  readonly train: number
  readonly test: number
  readonly threads: number
}
export interface Told {
  readonly seconds: number
  readonly cpu: number
  /** The most memory while it learnt beyond what was held before, the numbers among it. */
  readonly bytes: number
}

const [learner = '', json = ''] = process.argv.slice(2)
const { file, out, features, train, test, threads } = JSON.parse(json) as About
const total = train + test
const { buffer, byteOffset } = readFileSync(file)
const columns = Array.from({ length: features + 1 }, (_, c) => new Float64Array(buffer, byteOffset + c * total * 8, total)) // biome-ignore format: one line
const trainer = await trainerOf(learner)
const goal: Goal = learner === 'linear' ? { kind: 'regression', objective: 'squared' } : { kind: 'binary' }
const learn = async (rows: number) => {
  const relation = relationOf(columns.map((c) => c.subarray(0, rows)))
  const named = relation.schema.map((f) => f.name)
  const common = { features: named.slice(0, -1), target: named.at(-1) as string, params: {}, seed: 1, threads }
  const task: TrainTask = { ...common, train: relation, ...(goal.kind === 'binary' ? {} : { goal }) }
  return trainer.load(await trainer.train(task, { signal: new AbortController().signal, progress: () => {} }))
}
const memory = (name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024

await learn(2000)
writeFileSync('/proc/self/clear_refs', '5')
const before = memory('VmRSS')
const used = process.cpuUsage()
const began = performance.now()
const model = await learn(train)
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(used)
const bytes = memory('VmHWM') - before
const scores = new Float64Array(test)
model.many(columns.slice(0, -1).map((c) => c.subarray(train)), test, scores) // biome-ignore format: one line
writeFileSync(out, scores)
process.stdout.write(JSON.stringify({ seconds, cpu: (user + system) / 1e6, bytes } satisfies Told))
