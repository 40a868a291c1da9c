/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import { FAILED, RAN } from './fused.ts'
import { type Grouping, numberIn, ONE, over, pair, perSlot, sumsOf } from './grouping.ts'
import type { Recorder } from './recorder.ts'
import { countOf, NONE } from './rows.ts'
import type { TableColumn } from './table.ts'
import { float64Text } from './wgsl/float64.ts'

/** Numbers whose squares may leave the range of a float64 are the host's: such a row marks the run as failed. */
async function checkRange(
  recorder: Recorder,
  { rows, hashed }: Grouping,
  columns: readonly TableColumn[],
): Promise<void> {
  const mark = recorder.transfers.buffer(1)
  const draft = new Draft()
  const [count, of, failing] = [draft.number(countOf(rows)), draft.read(hashed.slotOf), draft.shared(mark)]
  const tests = columns.map((column) => {
    const { x, there } = numberIn(draft, column)('row')
    return `if (${there}) { let e = exponentOf(${x}); if ((e >= ${1023 + 500}) & (e < 2047)) { atomicOr(&${failing}[0], ${FAILED}u); } }`
  })
  await draft.run(
    recorder,
    rows.most,
    `if (row == 0u) { atomicOr(&${failing}[0], ${RAN}u); }
  if (row >= ${count}) { return; }
  if (${of}[row] == ${NONE}u) { return; }
  ${tests.join('\n  ')}`,
  )
  recorder.mark({ buffer: mark, at: 0 })
}

/** How many rows of each slot have all of the columns, and the means of these. */
async function means(
  recorder: Recorder,
  g: Grouping,
  columns: readonly TableColumn[],
): Promise<{ n: GPUBuffer; means: GPUBuffer[] }> {
  await checkRange(recorder, g, columns)
  const n = await sumsOf(
    recorder,
    g,
    over(columns, () => ONE),
  )
  const found: GPUBuffer[] = []
  for (const [i] of columns.entries()) {
    const sums = await sumsOf(
      recorder,
      g,
      over(columns, (_, xs) => xs[i] as string),
    )
    const to = recorder.transfers.buffer(2 * g.hashed.slots)
    const draft = new Draft()
    const [slots, from, of, out] = [draft.number(g.hashed.slots), draft.read(sums), draft.read(n), draft.write(to)]
    await draft.run(
      recorder,
      g.hashed.slots,
      `if (row >= ${slots}) { return; }
  let mean = div_f64(${pair(from, 'row')}, ${pair(of, 'row')});
  ${out}[row * 2u] = mean.x;
  ${out}[row * 2u + 1u] = mean.y;`,
    )
    found.push(to)
  }
  return { n, means: found }
}

/** Whether a slot's number of values is two at least, in code: a float64's order is that of its bits. */
const several = (n: string): string => `!below64(${pair(n)}, ${float64Text(2)})`

/** The variance of the values of each slot, or its root: of those of a sample. */
export async function deviation(
  recorder: Recorder,
  g: Grouping,
  column: TableColumn,
  fn: 'variance' | 'stddev',
): Promise<GPUBuffer> {
  const { n, means: found } = await means(recorder, g, [column])
  const squares = await sumsOf(
    recorder,
    g,
    over([column], (draft, [x], slot) => `squareOf(sub_f64(${x}, ${pair(draft.read(found[0] as GPUBuffer), slot)}))`),
  )
  return perSlot(recorder, g, (draft) => {
    const [of, sums] = [draft.read(n), draft.read(squares)]
    const variance = `div_f64(${pair(sums)}, sub_f64(${pair(of)}, ${ONE}))`
    return `there = ${several(of)};
  value = ${fn === 'stddev' ? `sqrt_f64(${variance})` : variance};`
  })
}

/** Pearson's correlation of the pairs of each slot. */
export async function correlation(recorder: Recorder, g: Grouping, x: TableColumn, y: TableColumn): Promise<GPUBuffer> {
  const columns = [x, y]
  const { n, means: found } = await means(recorder, g, columns)
  const from = (draft: Draft, own: string, i: number, slot: string) =>
    `sub_f64(${own}, ${pair(draft.read(found[i] as GPUBuffer), slot)})`
  const product = (i: number, j: number) =>
    sumsOf(
      recorder,
      g,
      over(columns, (draft, xs, slot) =>
        i === j
          ? `squareOf(${from(draft, xs[i] as string, i, slot)})`
          : `mul_f64(${from(draft, xs[i] as string, i, slot)}, ${from(draft, xs[j] as string, j, slot)})`,
      ),
    )
  const [sxy, sxx, syy] = [await product(0, 1), await product(0, 0), await product(1, 1)]
  return perSlot(recorder, g, (draft) => {
    const [of, a, b, c] = [draft.read(n), draft.read(sxy), draft.read(sxx), draft.read(syy)]
    return `let xx = ${pair(b)};
  let yy = ${pair(c)};
  let product = mul_f64(xx, yy);
  let root = sqrt_f64(product);
  there = ${several(of)} & !zero64(magnitudeOf(xx)) & !zero64(magnitudeOf(yy));
  value = div_f64(${pair(a)}, select(root, mul_f64(sqrt_f64(xx), sqrt_f64(yy)), exponentOf(product) == 2047));`
  })
}
