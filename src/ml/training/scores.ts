import { copyFloat64 } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { BoundFit } from '../../plan/fits/index.ts'

/** The names of the columns that fits add; helpers of their own stages, and columns that were there before, are not new. */
export function fittedColumns(fits: readonly BoundFit[], before: readonly string[]): string[] {
  const added = fits.flatMap((f) => f.serving.flatMap((stage) => stage.map(([name]) => name)))
  return [...new Set(added)].filter((name) => !before.includes(name) && !name.endsWith('~'))
}

/** Scores every row of a part, batch by batch. */
export async function score(
  evaluator: Evaluator,
  part: Relation,
  target: string,
): Promise<{ scores: Float64Array; labels: Uint8Array }> {
  const scores = new Float64Array(part.rows)
  const labels = new Uint8Array(part.rows)
  let block = 32_768
  let columns = evaluator.inputs.map(() => new Float64Array(block))
  let label = new Float64Array(block)
  let held = 0
  let done = 0
  const flush = () => {
    evaluator.many(columns, held, scores.subarray(done, done + held))
    for (let i = 0; i < held; i++) labels[done + i] = label[i] as number
    done += held
    held = 0
  }
  for await (const batch of part.batches([...evaluator.inputs, target])) {
    if (held + batch.rows > block) flush()
    if (batch.rows > block) {
      block = batch.rows
      columns = evaluator.inputs.map(() => new Float64Array(block))
      label = new Float64Array(block)
    }
    for (const [c, name] of evaluator.inputs.entries())
      copyFloat64(
        batch.columns[batch.schema.findIndex((f) => f.name === name)] as (typeof batch.columns)[number],
        columns[c] as Float64Array,
        held,
      )
    copyFloat64(
      batch.columns[batch.schema.findIndex((f) => f.name === target)] as (typeof batch.columns)[number],
      label,
      held,
    )
    held += batch.rows
  }
  flush()
  return { scores, labels }
}
