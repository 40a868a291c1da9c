import { GalleyError } from '../../base/errors.ts'
import { aimOf, BINARY, type Goal, linkOf } from '../../runs/goal.ts'
import { checkColumns, checkGroup, dataError } from '../training/intake.ts'
import { readTargets, type Targets } from '../training/labels.ts'
import { type NumberParam, numberParams } from '../training/params.ts'
import type { TrainTask } from '../training/trainer.ts'
import { type Cut, type Fold, foldsOf } from './folds.ts'
import { type HeldRows, holdRows } from './rows.ts'
import { type Family, familiesFor } from './space.ts'
import type { Ground } from './trials.ts'

const AUTO_PARAMS = {
  /** Points that are tried, and how long points are begun; what comes first ends the search. 0 seconds: as many trials as there are. */
  trials: { value: 60, min: 1, max: 10_000, integer: true },
  seconds: { value: 60, min: 0, max: 86_400 },
  folds: { value: 5, min: 2, max: 20, integer: true },
  /** Rows that trials learn from, drawn by the seed. */
  rows: { value: 50_000, min: 100, max: 2_000_000, integer: true },
  /** Models of an ensemble, drawn with repeats; 0: one model. */
  ensemble: { value: 12, min: 0, max: 100, integer: true },
  /** Trials of a round, each of which is proposed by what the rounds before have told. */
  parallel: { value: 1, min: 1, max: 64, integer: true },
} as const satisfies Record<string, NumberParam>
const CUTS: readonly Cut[] = ['stratified', 'random', 'time', 'group']

/** What a search stands on: whichever process looks, the same rows in the same folds. */
export interface Searched extends Ground {
  readonly params: Readonly<Record<keyof typeof AUTO_PARAMS, number>>
  readonly targets: Targets
  readonly cut: Cut
  readonly families: readonly Family[]
}

/** Reads the rows of a search and cuts them. @throws TRAIN_DATA, USAGE_INVALID, PLAN_UNKNOWN_COLUMN */
export async function searchedIn(task: TrainTask, signal: AbortSignal): Promise<Searched> {
  const params = numberParams('auto', task.params, AUTO_PARAMS, ['cut', 'group'])
  checkColumns(task)
  const targets = await readTargets(task.train, task, signal)
  const { goal, outputs } = targets
  const { cut, group } = cutOf(task, targets)
  const held = await holdRows(task, targets, params.rows, signal, group)
  const all = foldsOf(cut, held.rows, Math.min(params.folds, most(held, goal, cut)), task.seed, cut === 'group' ? held.groups : held.y) // biome-ignore format: one line
  const folds = learnable(all, held, goal, cut)
  const families = familiesFor(aimOf(goal), held.rows, task.features.length, targets.rows)
  return { params, targets, cut, families, held, folds, goal, outputs, seed: task.seed, threads: task.threads }
}

/**
 * Folds whose rows to learn from teach something, and that have rows to judge by.
 * @throws TRAIN_DATA where none is left, and where those that went had all rows of a class: of one class alone the surest model is the best
 */
function learnable(folds: readonly Fold[], held: HeldRows, goal: Goal, cut: Cut): readonly Fold[] {
  if (goal.kind === 'ranking') return folds
  const some = folds.filter(({ train, test }) => test.length > 0 && teaches(train, held, goal))
  const { y, rows } = held
  const [such, lacks] = linkOf(goal) === 'log' ? ['rows above 0', 'none above 0 that counts'] : goal.kind === 'regression' ? ['rows that count', 'none that counts'] : ['rows of each class', 'rows of one class alone that count'] // biome-ignore format: one line
  const ways: Readonly<Record<string, readonly [what: string, fix: string]>> = {
    time: [
      'what comes before each part',
      `bring ${such} from earlier on, or leave cut out where their order is no time`,
    ],
    group: ['the other groups of each', `bring groups that have ${such}, or cut in another way`],
  }
  const [what, fix] = ways[cut] ?? ['all but one part of them', `bring more ${such}`]
  if (some.length === 0) throw dataError(`none of ${rows} rows can be judged: ${what} has ${lacks}, of which nothing is learnt`, fix) // biome-ignore format: one line
  // what comes later may well be all the same; elsewhere the other rows are in the folds that went
  if (linkOf(goal) === 'identity' || cut === 'time') return some
  const first = y[some[0]?.test[0] as number] as number
  if (some.some(({ test }) => test.some((row) => y[row] !== first))) return some
  if (goal.kind !== 'regression' || first === 0)
    throw dataError(`the rows that can be judged are all ${goal.kind === 'regression' ? '0' : 'of one class'}: nothing tells a good model from a bad one`, fix) // biome-ignore format: one line
  return some
}

/** Whether trainers learn of such rows: some count, every class does, there are two of them at least, and where a logarithm is learnt not all are 0. */
function teaches(rows: Uint32Array, { y, w }: HeldRows, goal: Goal): boolean {
  const counts = (row: number) => (w[row] as number) > 0
  if (linkOf(goal) === 'log') return rows.some((row) => counts(row) && (y[row] as number) > 0)
  if (goal.kind === 'regression') return rows.some(counts)
  const [seen, counted] = [new Set<number>(), new Set<number>()]
  for (const row of rows) {
    seen.add(y[row] as number)
    if (counts(row)) counted.add(y[row] as number)
  }
  return counted.size > 1 && counted.size === seen.size
}

/** Folds that every class has a row in, or that every one has a group. @throws TRAIN_DATA for a single group */
function most({ rows, y, groups }: HeldRows, { kind }: Goal, cut: Cut): number {
  if (cut === 'group' && groups) {
    const found = new Set(groups).size
    if (found > 1) return found
    throw dataError('all rows are of one group: none is left to judge by', 'bring rows of several groups, or cut in another way') // biome-ignore format: one line
  }
  if (kind === 'regression' || kind === 'ranking') return Math.max(2, Math.floor(rows / 2))
  const counts = new Map<number, number>()
  for (const label of y) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Math.max(2, Math.min(...counts.values()))
}

/** How rows are cut into folds, and by which column they stay together. @throws USAGE_INVALID, PLAN_UNKNOWN_COLUMN, TRAIN_DATA */
function cutOf(
  { params, goal = BINARY, train, target }: TrainTask,
  targets: Targets,
): { readonly cut: Cut; readonly group?: string } {
  const { cut: said, group } = params
  const invalid = (what: string, fix: string) => new GalleyError('USAGE_INVALID', { what: `auto: ${what}`, fix })
  if (said !== undefined && !CUTS.includes(said as Cut))
    throw invalid(`cut must be one of ${CUTS.join(', ')}, and is ${JSON.stringify(said)}`, "say 'time' where rows stand in the order of time, else leave it out") // biome-ignore format: one line
  if (goal.kind === 'ranking') {
    if ((said ?? 'group') === 'group' && group === undefined) return { cut: 'group' }
    throw invalid(`a ranking is judged by whole groups of '${goal.group}'`, 'leave cut and group out')
  }
  if ((said === 'group') !== (group !== undefined))
    throw invalid(
      "cut: 'group' and the column of groups go together",
      "write auto({ cut: 'group', group: 'customer' })",
    )
  if (group !== undefined) {
    if (typeof group !== 'string') throw invalid(`group must name a column, and is ${JSON.stringify(group)}`, "write group: 'customer'") // biome-ignore format: one line
    checkGroup(train.schema, group, target)
    return { cut: 'group', group }
  }
  if (said === undefined) return { cut: goal.kind === 'regression' || targets.outputs > 50 ? 'random' : 'stratified' }
  return { cut: said as Cut }
}
