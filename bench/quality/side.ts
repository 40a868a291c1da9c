/** Galley's side of a table, as `peer.py` is the others': searches for so many seconds and writes what it says of the rows for testing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { auto } from '../../src/ml/automl/auto.ts'
import type { TrainTask } from '../../src/ml/training/trainer.ts'
import { relationOf } from '../unsupervised/data.ts'

/** A table as all sides are told it. */
export interface About {
  readonly file: string
  readonly out: string
  readonly kind: 'binary' | 'multiclass' | 'number'
  readonly classes: number
  readonly features: number
  readonly train: number
  readonly test: number
  readonly threads: number
  readonly seconds: number
}

const { file, out, kind, features, train, test, threads, seconds } = JSON.parse(process.argv[2] ?? '') as About
const total = train + test
const { buffer, byteOffset } = readFileSync(file)
const columns = Array.from({ length: features + 1 }, (_, c) => new Float64Array(buffer, byteOffset + c * total * 8, total)) // biome-ignore format: one line
const label = (c: Float64Array, i: number) => (i === features && kind === 'multiclass' ? Int32Array.from(c) : c)
const relation = relationOf(columns.map((c, i) => label(c.subarray(0, train), i)))
const names = relation.schema.map((f) => f.name)
const goal = kind === 'number' ? ({ kind: 'regression', objective: 'squared' } as const) : kind === 'multiclass' ? { kind } : undefined // biome-ignore format: one line
const task: TrainTask = {
  ...{ train: relation, features: names.slice(0, -1), target: names.at(-1) as string, ...(goal ? { goal } : {}) },
  ...{ params: { seconds, trials: 10_000 }, seed: 1, threads },
}
const learnt = await auto.train(task, { signal: new AbortController().signal, progress: () => {} })
const model = auto.load(learnt)
const { members, meta } = learnt.body as { members: readonly unknown[]; meta?: { kind: string } }
process.stdout.write(
  meta ? `${meta.kind} over ${members.length}` : members.length > 1 ? `the mean of ${members.length}` : 'one model',
)
const said = new Float64Array(test * model.outputs)
model.many(columns.slice(0, -1).map((c) => c.subarray(train)), test, said) // biome-ignore format: one line
writeFileSync(out, said)
