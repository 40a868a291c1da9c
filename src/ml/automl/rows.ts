import type { Batch } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Schema } from '../../plan/types.ts'
import { BINARY } from '../../runs/goal.ts'
import { sampleOf } from '../training/bins.ts'
import { groupCoder } from '../training/groups.ts'
import { rawBatches } from '../training/intake.ts'
import { groupIn, labelledBatches, type Targets } from '../training/labels.ts'
import { mix } from '../training/mix.ts'
import type { TrainTask } from '../training/trainer.ts'

const [TARGET, WEIGHT, GROUP] = ['target', 'weight', 'group'] as const

/** Rows of a task in memory, or a sample of them in their order; classes are their places. */
export interface HeldRows {
  readonly rows: number
  readonly y: Float64Array
  /** How much each row counts. */
  readonly w: Float64Array
  /** The group of each row, where rows stand in groups. */
  readonly groups: Float64Array | undefined
  /** What trainers are told of some of the rows. */
  task(picked: Uint32Array): Pick<TrainTask, 'train' | 'features' | 'target' | 'goal' | 'weight'>
  /** Features of some rows, column by column. */
  columns(picked: Uint32Array): Float64Array[]
  /** Some of the rows with other features: a column's values stand in the order of `picked`. */
  withFeatures(picked: Uint32Array, columns: readonly Float64Array[]): HeldRows
}

/** Reads at most `most` rows, chosen by the seed, of a task in groups about as many: whole groups. @throws TRAIN_DATA */
export async function holdRows(
  task: TrainTask,
  targets: Targets,
  most: number,
  signal: AbortSignal,
  group?: string,
): Promise<HeldRows> {
  const { features } = task
  const asked = { ...task, ...(group === undefined ? {} : { group }) }
  const { salt, bound, rows } = await chosen(asked, targets, most, signal)
  const columns = features.map(() => new Float64Array(rows))
  const [y, w] = [new Float64Array(rows), new Float64Array(rows).fill(1)]
  const groups = groupIn(asked) === undefined ? undefined : new Float64Array(rows)
  let kept = 0
  for await (const batch of labelledBatches(task.train, features, asked, targets.classes, signal)) {
    const picks: number[] = []
    for (let i = 0; i < batch.rows; i++) if (mix((batch.group?.[i] ?? batch.at + i) ^ salt) < bound) picks.push(i)
    for (const [f, column] of columns.entries()) {
      const values = batch.feature(f)
      for (const [k, i] of picks.entries()) column[kept + k] = values[i] as number
    }
    for (const [k, i] of picks.entries()) {
      y[kept + k] = batch.y[i] as number
      if (batch.w) w[kept + k] = batch.w[i] as number
      if (groups) groups[kept + k] = batch.group?.[i] as number
    }
    kept += picks.length
  }
  return heldOf(task, columns, { y, w, groups })
}

/** What rows are to be learnt from, beside their features. */
interface Labels {
  readonly y: Float64Array
  readonly w: Float64Array
  readonly groups: Float64Array | undefined
}

function heldOf(task: Pick<TrainTask, 'goal' | 'weight'>, columns: readonly Float64Array[], labels: Labels): HeldRows {
  const { goal = BINARY } = task
  const { y, w, groups } = labels
  const rows = y.length
  const names = columns.map((_, f) => `f${f}`)
  const label = goal.kind === 'multiclass' ? ('int32' as const) : ('float64' as const)
  const schema: Schema = [
    ...names.map((name) => ({ name, type: 'float64' as const, nullable: true })),
    { name: TARGET, type: label, nullable: false },
    { name: WEIGHT, type: 'float64', nullable: false },
    ...(groups ? [{ name: GROUP, type: 'float64' as const, nullable: false }] : []),
  ]
  const gathered = (from: Float64Array, picked: Uint32Array) => Float64Array.from(picked, (i) => from[i] as number)
  const sources = new Map([...names.map((name, f) => [name, columns[f] as Float64Array] as const), [TARGET, y], [WEIGHT, w], ...(groups ? [[GROUP, groups] as const] : [])]) // biome-ignore format: one line
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
    ...{ rows, y, w, groups },
    columns: (picked) => columns.map((c) => gathered(c, picked)),
    withFeatures: (picked, others) =>
      heldOf(task, others, {
        ...{ y: gathered(y, picked), w: gathered(w, picked) },
        groups: groups && gathered(groups, picked),
      }),
    task: (picked) => ({
      ...{ train: relation(picked), features: names, target: TARGET },
      ...(goal.kind === 'ranking' ? { goal: { ...goal, group: GROUP } } : task.goal ? { goal } : {}),
      ...(task.weight === undefined ? {} : { weight: WEIGHT }),
    }),
  }
}

/** Which rows are held: those whose number, or whose group's, has a hash below `bound`. */
async function chosen(
  asked: TrainTask & { readonly group?: string },
  { rows }: Targets,
  most: number,
  signal: AbortSignal,
): Promise<{ readonly salt: number; readonly bound: number; readonly rows: number }> {
  const name = groupIn(asked)
  const plain = sampleOf(rows, asked.features.length, asked.seed, most)
  if (name === undefined) return plain
  const coder = groupCoder(name)
  const held: number[] = []
  for await (const batch of rawBatches(asked.train, [name], signal))
    for (const code of coder.codes(batch.column(name))) held[code] = (held[code] ?? 0) + 1
  coder.count()
  const { salt } = plain
  const under = (bound: number) => held.reduce((sum, n, code) => (mix(code ^ salt) < bound ? sum + n : sum), 0)
  let bound = 2 ** 32
  // a half as long as at least two groups are left
  while (under(bound) > most && held.filter((_, code) => mix(code ^ salt) < bound / 2).length >= 2) bound /= 2
  return { salt, bound, rows: under(bound) }
}
