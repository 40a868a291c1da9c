/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import type { Recorder } from './recorder.ts'
import { countOf, type Rows } from './rows.ts'
import type { TableColumn } from './table.ts'
import { asFloat64 } from './wgsl/floats.ts'
import { orderWords } from './wgsl/keys.ts'

/** Values that are folded into one of the level above. */
const FAN = 16

/** How values of a column are put together: added as float64s, or the smallest or largest kept. */
export type Fold = 'sum' | 'min' | 'max'

/** Folds of a column over spans of an order: a tree of folds of \`FAN\` values each, level by level in one buffer. */
export interface Folded {
  readonly fold: Fold
  readonly tree: GPUBuffer
  /** Values of the lowest level. */
  readonly most: number
}

/** Two words that change nothing where they are put to others. The smallest is the largest of complements. */
const BOTH: Readonly<Record<Fold, string>> = {
  sum: 'return add_f64(a, b);',
  min: 'return select(a, b, below64(a, b));',
  max: 'return select(a, b, below64(a, b));',
}

/** A value in an order, as two words: a float64 for sums; its place in the order of values, complemented for the smallest. */
function leaf({ field, rep }: TableColumn, fold: Fold, v: string): string {
  if (fold === 'sum') return asFloat64({ type: field.type, rep, v, s: '0u' })
  const [low = '0u', high = '0u'] = orderWords(field.type, rep, v)
  return fold === 'min' ? `~vec2u(${low}, ${high})` : `vec2u(${low}, ${high})`
}

/** Folds a column in an order of rows; missing values change nothing. */
export async function foldedIn(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  order: GPUBuffer,
  column: TableColumn,
  fold: Fold,
): Promise<Folded> {
  let [size, all] = [rows.most, 0]
  const levels: { at: number; size: number }[] = []
  for (;;) {
    levels.push({ at: all, size })
    all += size
    if (size <= FAN) break
    size = Math.ceil(size / FAN)
  }
  const tree = recorder.transfers.buffer(2 * all)
  const first = new Draft()
  const [count, sorted, to] = [first.number(countOf(rows)), first.read(order), first.write(tree)]
  const { v, there } = first.load(column)('old')
  await first.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  let old = ${sorted}[row];
  let value = ${there === 'true' ? leaf(column, fold, v) : `select(vec2u(0u, 0u), ${leaf(column, fold, v)}, ${there})`};
  ${to}[row * 2u] = value.x;
  ${to}[row * 2u + 1u] = value.y;`,
  )
  for (const [i, level] of levels.entries()) {
    const below = levels[i - 1]
    if (!below) continue
    const draft = new Draft()
    const [own, from, n, out, values] = [
      draft.number(level.size),
      draft.number(below.at),
      draft.number(below.size),
      draft.number(level.at),
      draft.write(tree),
    ]
    await draft.run(
      recorder,
      level.size,
      `if (row >= ${own}) { return; }
  let end = min((row + 1u) * ${FAN}u, ${n});
  var all = vec2u(0u, 0u);
  for (var i = row * ${FAN}u; i < end; i++) {
    let place = (${from} + i) * 2u;
    all = both(all, vec2u(${values}[place], ${values}[place + 1u]));
  }
  ${values}[(${out} + row) * 2u] = all.x;
  ${values}[(${out} + row) * 2u + 1u] = all.y;`,
      `fn both(a: vec2u, b: vec2u) -> vec2u { ${BOTH[fold]} }`,
    )
  }
  return { fold, tree, most: rows.most }
}

/** A function \`foldOf(begin, end)\` for a draft: the fold of the values from a place of the order up to another. */
export function foldCode(draft: Draft, { fold, tree, most }: Folded): string {
  const [values, size] = [draft.read(tree), draft.number(most)]
  return `fn both(a: vec2u, b: vec2u) -> vec2u { ${BOTH[fold]} }
fn foldAt(place: u32) -> vec2u { return vec2u(${values}[place * 2u], ${values}[place * 2u + 1u]); }
fn foldOf(begin: u32, end: u32) -> vec2u {
  var all = vec2u(0u, 0u);
  var low = begin;
  var high = end;
  var level = 0u;
  var size = ${size};
  while (low < high) {
    let up = min((low + ${FAN - 1}u) / ${FAN}u * ${FAN}u, high);
    for (var i = low; i < up; i++) { all = both(all, foldAt(level + i)); }
    low = up;
    let down = max(high / ${FAN}u * ${FAN}u, low);
    for (var i = down; i < high; i++) { all = both(all, foldAt(level + i)); }
    high = down;
    low /= ${FAN}u;
    high /= ${FAN}u;
    level += size;
    size = (size + ${FAN - 1}u) / ${FAN}u;
  }
  return all;
}`
}
