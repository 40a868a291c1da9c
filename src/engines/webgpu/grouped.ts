import type { Agg } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, isFloat, type Schema } from '../../plan/types.ts'
import { type Batch, columnOf, type Value } from '../batch.ts'
import type { Program } from '../row/lower.ts'
import { type Accumulator, accumulatorOf, merge, type Partial, partialOf, resultOf } from './aggregates.ts'
import { launch } from './chain.ts'
import type { Dictionary } from './gather.ts'
import { group, keyWordsOf } from './group.ts'
import { ranksIn } from './ranks.ts'
import type { Recorder } from './recorder.ts'
import type { Rows } from './rows.ts'
import { settle } from './run.ts'
import type { Rep } from './wgsl/reps.ts'

type Aggregate = Extract<Node, { op: 'aggregate' }>

/** A plan that ends in groups: an aggregate, or different rows, which are groups of all columns without an aggregate. */
export function groupsOf(root: Node): Aggregate | undefined {
  if (root.op === 'aggregate') return root
  if (root.op !== 'distinct') return undefined
  const by = root.schema.map((f) => f.name)
  return build({ op: 'aggregate', input: root.input, by, aggs: [] }) as Aggregate
}

/** An aggregate as the rows that its kernels read (keys, then arguments) and what is made of them. */
export interface Grouper {
  readonly rows: Node
  readonly by: readonly string[]
  readonly accumulators: readonly Accumulator[]
  readonly schema: Schema
}

/** @throws DeviceGap for an aggregate that is not exact on the device */
export function grouperOf(n: Aggregate): Grouper {
  const { schema } = n.input
  const args: Agg['arg'][] = []
  const accumulators = n.aggs.map(([, a]) => {
    const made = accumulatorOf(a, n.by.length + args.length, schema)
    if (a.arg !== null) args.push(a.arg, ...(a.fn === 'corr' ? [a.arg2 ?? a.arg] : []))
    return made
  })
  const columns: Named<NonNullable<Agg['arg']>>[number][] = [
    ...n.by.map((name, i) => [`k${i}`, { op: 'col', name }] as const),
    ...args.map((arg, i) => [`a${i}`, arg as NonNullable<Agg['arg']>] as const),
  ]
  // a count of rows reads no column, and something must say how many there are
  if (columns.length === 0) columns.push(['k0', { op: 'lit', value: true, type: 'bool' }])
  return { rows: build({ op: 'select', input: n.input, columns }), by: n.by, accumulators, schema: n.schema }
}

/** Groups of all segments so far, by their keys' words. */
export class Groups {
  readonly #grouper: Grouper
  readonly #words: Dictionary
  readonly #found = new Map<string, { key: readonly Value[]; partials: Partial[] }>()

  constructor(grouper: Grouper, words: Dictionary) {
    this.#grouper = grouper
    this.#words = words
  }

  /** Groups one segment on the device and brings its groups down. @throws FailedOnDevice */
  async add(recorder: Recorder, rows: Rows, program: Program, names: string[]): Promise<void> {
    const { by, accumulators } = this.#grouper
    const sparse = await launch(recorder, rows, program, program.output, names, this.#words)
    const outputs = sparse.outputs.map((c) => c.rep)
    const made = await group(recorder, rows, sparse, by.length, accumulators, ranksIn(recorder, this.#words))
    const count = await settle(recorder, { most: rows.most, count: { buffer: made.count, at: 0 } })
    const keyWords = count * made.keyWords
    const got = await recorder.download([
      { from: made.keys, at: 0, words: keyWords },
      { from: made.acc, at: 0, words: count * made.accWords },
    ])
    for (let i = 0; i < count; i++) {
      const own = got.subarray(i * made.keyWords, (i + 1) * made.keyWords)
      this.#take(own, outputs, got, keyWords + i * made.accWords)
    }
  }

  #take(own: Uint32Array, outputs: readonly Rep[], words: Uint32Array, at: number): void {
    const { accumulators } = this.#grouper
    const id = own.join(' ')
    let found = this.#found.get(id)
    if (!found) {
      const partials = accumulators.map(() => ({ present: 0n, value: 0n }))
      this.#found.set(id, (found = { key: this.#keyOf(own, outputs), partials }))
    }
    for (const [j, a] of accumulators.entries()) {
      merge(a, found.partials[j] as Partial, partialOf(a, words, at))
      at += a.words
    }
  }

  #keyOf(own: Uint32Array, outputs: readonly Rep[]): Value[] {
    let at = 0
    return this.#grouper.by.map((_, i) => {
      const field = this.#grouper.schema[i] as Field
      const width = keyWordsOf(outputs[i] as Rep) - 1
      const words = own.subarray(at, at + width)
      const there = own[at + width] !== 0
      at += width + 1
      return there ? keyValue(field, words, this.#words) : null
    })
  }

  /** One row a group; one in all where there are no keys. @throws VALUE_INVALID for a sum that does not fit */
  batch(): Batch {
    const { schema, by, accumulators } = this.#grouper
    const groups = [...this.#found.values()]
    if (by.length === 0 && groups.length === 0)
      groups.push({ key: [], partials: accumulators.map(() => ({ present: 0n, value: 0n })) })
    const rows = groups.map(({ key, partials }) => [
      ...key,
      ...accumulators.map((a, j) => resultOf(a, partials[j] as Partial)),
    ])
    return {
      schema,
      rows: rows.length,
      columns: schema.map((field, i) =>
        columnOf(
          field,
          rows.map((row) => row[i] as Value),
        ),
      ),
    }
  }
}

/** A key's value of its words: floats stand there by their order. */
function keyValue({ type }: Field, words: Uint32Array, dictionary: Dictionary): Value {
  const [low = 0, high = 0] = words
  if (type === 'string') return dictionary.list[low] ?? ''
  if (type === 'bool') return low !== 0
  if (isFloat(type)) {
    const long = words.length === 2
    const sign = long ? 1n << 63n : 1n << 31n
    const key = long ? (BigInt(high) << 32n) | BigInt(low) : BigInt(low)
    const bits = (key & sign) !== 0n ? key ^ sign : BigInt.asUintN(long ? 64 : 32, ~key)
    const { buffer } = new BigUint64Array([bits])
    return (long ? new Float64Array(buffer)[0] : new Float32Array(buffer)[0]) as number
  }
  if (words.length === 1) return low | 0
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}
