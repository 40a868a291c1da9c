import type { Batch } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Schema } from '../../plan/types.ts'
import { BINARY } from '../../runs/goal.ts'
import { sampleOf } from '../training/bins.ts'
import { labelledBatches, type Targets } from '../training/labels.ts'
import { mix } from '../training/mix.ts'
import type { TrainTask } from '../training/trainer.ts'

const [TARGET, WEIGHT] = ['target', 'weight']

/** Rows of a task in memory, or a sample of them in their order; classes are their places. */
export interface HeldRows {
  readonly rows: number
  readonly y: Float64Array
  /** What trainers are told of some of the rows. */
  task(picked: Uint32Array): Pick<TrainTask, 'train' | 'features' | 'target' | 'goal' | 'weight'>
  /** Features of some rows, column by column. */
  columns(picked: Uint32Array): Float64Array[]
}

/** Reads at most `most` rows, chosen by the seed. @throws TRAIN_DATA */
export async function holdRows(
  task: TrainTask,
  targets: Targets,
  most: number,
  signal: AbortSignal,
): Promise<HeldRows> {
  // biome-ignore format: one line
  const { features, goal = BINARY } = task
  const { salt, bound, rows } = sampleOf(targets.rows, features.length, task.seed, most)
  const columns = features.map(() => new Float64Array(rows))
  const [y, w] = [new Float64Array(rows), new Float64Array(rows).fill(1)]
  let kept = 0
  for await (const batch of labelledBatches(task.train, features, task, targets.classes, signal)) {
    const picks: number[] = []
    for (let i = 0; i < batch.rows; i++) if (mix((batch.at + i) ^ salt) < bound) picks.push(i)
    for (const [f, column] of columns.entries()) {
      const values = batch.feature(f)
      for (const [k, i] of picks.entries()) column[kept + k] = values[i] as number
    }
    for (const [k, i] of picks.entries()) {
      y[kept + k] = batch.y[i] as number
      if (batch.w) w[kept + k] = batch.w[i] as number
    }
    kept += picks.length
  }
  const names = features.map((_, f) => `f${f}`)
  const label = goal.kind === 'multiclass' ? ('int32' as const) : ('float64' as const)
  const schema: Schema = [
    ...names.map((name) => ({ name, type: 'float64' as const, nullable: true })),
    { name: TARGET as string, type: label, nullable: false },
    { name: WEIGHT as string, type: 'float64', nullable: false },
  ]
  const gathered = (from: Float64Array, picked: Uint32Array) => Float64Array.from(picked, (i) => from[i] as number)
  const sources = new Map([...names.map((name, f) => [name, columns[f] as Float64Array] as const), [TARGET as string, y], [WEIGHT as string, w]]) // biome-ignore format: one line
  const fields = new Map(schema.map((f) => [f.name, f]))
  const relation = (picked: Uint32Array): Relation => ({
    ...{ place: 'host', schema, rows: picked.length, close: () => {} },
    async *batches(asked = schema.map((f) => f.name)): AsyncGenerator<Batch> {
      const some = asked.flatMap((name) => fields.get(name) ?? [])
      const length = picked.length
      const made = some.map(({ name, type }) => {
        const values = gathered(sources.get(name) as Float64Array, picked)
        return { kind: 'fixed', type, length, validity: null, values: type === 'int32' ? Int32Array.from(values) : values } as const // biome-ignore format: one line
      })
      yield { schema: some, rows: length, columns: made }
    },
  })
  return {
    ...{ rows, y },
    columns: (picked) => columns.map((c) => gathered(c, picked)),
    task: (picked) => ({
      ...{ train: relation(picked), features: names, target: TARGET as string },
      ...(task.goal ? { goal: task.goal } : {}),
      ...(task.weight === undefined ? {} : { weight: WEIGHT as string }),
    }),
  }
}
