import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64, isValid, valueAt } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import { runPlan } from '../../engines/plans.ts'
import { col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { fieldOf, isTemporal, type Schema } from '../../plan/types.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { By } from '../evaluation/levels.ts'
import type { Texts } from '../onnx/texts.ts'
import { groupCoder } from '../training/groups.ts'
import type { Label } from '../training/trainer.ts'
import { labelNumbers } from './labels.ts'

/** A part as a model sees it, and what else is asked about its rows. */
export interface PartRows {
  readonly rows: number
  /** A column a feature. */
  readonly columns: readonly Float64Array[]
  /** 0 and 1, the place of the class, or the number. */
  readonly labels: Float64Array
  /** Columns of the dataset before any fit: texts, or numbers. */
  readonly by: ReadonlyMap<string, By>
  /** The group of each row by the columns that say it, groups numbered. */
  readonly groups: ReadonlyMap<string, Uint32Array>
}

export interface Asked {
  readonly features: readonly string[]
  /** Absent: rows have no labels. */
  readonly target?: string
  /** Features that are texts, and what makes numbers of them. */
  readonly texts?: ReadonlyMap<string, Texts>
  /** Of a target with several: what its places are. */
  readonly classes?: readonly Label[]
  /** Columns that are kept as they are in the dataset, and by which rows are ordered. */
  readonly kept: readonly string[]
  /** Those of `kept` that say which rows belong together; rows of a group of the first one are read or left together. */
  readonly groups: readonly string[]
}

/** Numbers of a part that are held in memory; of more, every second row is read, every third … */
const HELD = 64 * 2 ** 20

/** Every so many rows, or groups of them, are read, so that `rows` of them fit. */
export const strideOf = (rows: number, { features, kept }: Asked): number =>
  Math.max(1, Math.ceil((rows * (features.length + kept.length + 1)) / HELD))

const keptName = (name: string) => `${name}~kept`

/**
 * Reads a part in an order that depends on its content alone. `fitted` gives it the columns of fits, which may stand in the place of
 * others: what is kept is set aside before. @throws CANCELLED
 */
export async function partRows(
  ctx: StepContext<unknown>,
  part: Node,
  fitted: (n: Node) => Node,
  asked: Asked,
  stride: number,
): Promise<PartRows> {
  const { features, target, classes, kept, groups, texts } = asked
  const labelled = target === undefined ? [] : [target]
  const own = part.schema.map((f) => [f.name, col(f.name)] as const)
  const aside = build({ op: 'select', input: part, columns: [...own, ...kept.map((k) => [keptName(k), col(k)] as const)] }) // biome-ignore format: one line
  const names = [...new Set([...features, ...labelled, ...kept.map(keptName)])]
  const select = build({ op: 'select', input: fitted(aside), columns: names.map((n) => [n, col(n)] as const) })
  const keys = [...kept.map(keptName), ...labelled, ...features].map((n) => ({ by: col(n), descending: false }))
  const relation = await runPlan(ctx, build({ op: 'sort', input: select, keys }), 'batches')
  const pieces: { columns: Float64Array[]; labels: Float64Array; by: By[]; codes: Uint32Array[] }[] = []
  const coders = groups.map(groupCoder)
  let [seen, rows] = [0, 0]
  try {
    for await (const batch of relation.batches(names)) {
      throwIfAborted(ctx.signal)
      const place = new Map(batch.schema.map((f, i) => [f.name, i]))
      const column = (name: string) => batch.columns[place.get(name) as number] as Column
      const codes = coders.map((coder, i) => coder.codes(column(keptName(groups[i] as string))))
      const [own] = codes
      const before = seen
      const isRead = (i: number): boolean => stride === 1 || (own ? (own[i] as number) : before + i) % stride === 0
      seen += batch.rows
      const thinned = (values: Float64Array) => (stride === 1 ? values : values.filter((_, i) => isRead(i)))
      const numbers = (name: string) => thinned(numbersOf(column(name)))
      const coded = (name: string) => {
        const own = texts?.get(name)
        return own ? Float64Array.from(textsOf(column(name), isRead), (t) => own.codeOf(t)) : numbers(name)
      }
      const all = target === undefined ? new Float64Array(batch.rows) : labelNumbers(column(target), classes, target)
      const labels = thinned(all)
      const by = kept.map((k) => (isNumber(part.schema, k) ? numbers(keptName(k)) : textsOf(column(keptName(k)), isRead))) // biome-ignore format: one line
      const some = codes.map((c) => c.filter((_, i) => isRead(i)))
      pieces.push({ columns: features.map(coded), labels, by, codes: some })
      rows += labels.length
      await nextTurn()
    }
  } finally {
    relation.close()
  }
  const joined = (of: (p: (typeof pieces)[number]) => Float64Array): Float64Array => {
    const all = new Float64Array(rows)
    let at = 0
    for (const piece of pieces) {
      all.set(of(piece), at)
      at += of(piece).length
    }
    return all
  }
  return {
    rows,
    columns: features.map((_, f) => joined((p) => p.columns[f] as Float64Array)),
    labels: joined((p) => p.labels),
    by: new Map(
      kept.map((k, i) => [
        k,
        isNumber(part.schema, k)
          ? joined((p) => p.by[i] as Float64Array)
          : pieces.flatMap((p) => p.by[i] as readonly (string | null)[]),
      ]),
    ),
    groups: new Map(groups.map((name, i) => [name, Uint32Array.from(joined((p) => Float64Array.from(p.codes[i] as Uint32Array)))])), // biome-ignore format: one line
  }
}

const isNumber = (schema: Schema, name: string): boolean => {
  const { type } = fieldOf(schema, name, 'the dataset')
  return type !== 'string' && type !== 'bool' && !isTemporal(type)
}

function numbersOf(column: Column): Float64Array {
  const values = new Float64Array(column.length)
  copyFloat64(column, values, 0)
  return values
}

function textsOf(column: Column, isRead: (row: number) => boolean): (string | null)[] {
  const texts: (string | null)[] = []
  for (let i = 0; i < column.length; i++) {
    if (!isRead(i)) continue
    const value = column.kind === 'dictionary' && isValid(column.validity, i) ? column.words[Number(column.codes[i])] : valueAt(column, i) // biome-ignore format: one line
    texts.push(value === null || value === undefined ? null : String(value))
  }
  return texts
}

/** A block of rows as trainers read them. */
const BLOCK = 65_536

/** Rows in memory, as trainers and judges read them. */
export type HeldRows = Pick<PartRows, 'columns' | 'labels' | 'groups'>

/** Rows in memory as a relation, their groups as numbers. */
export function relationOf(
  { columns, labels, groups }: HeldRows,
  { features, target }: { readonly features: readonly string[]; readonly target: string },
  extra: Readonly<Record<string, Float64Array>> = {},
): Relation {
  const others = [...groups].map(([name, codes]) => [name, Float64Array.from(codes)] as const)
  // a group that is a feature is one by its values, too
  const all = new Map([...others, ...features.map((f, i) => [f, columns[i] as Float64Array] as const), [target, labels] as const, ...Object.entries(extra)]) // biome-ignore format: one line
  const schema: Schema = [...all.keys()].map((name) => ({ name, type: 'float64', nullable: true }))
  const rows = labels.length
  return {
    ...{ place: 'host', schema, rows },
    async *batches(names = schema.map((f) => f.name)) {
      for (let from = 0; from < rows; from += BLOCK) {
        const to = Math.min(rows, from + BLOCK)
        yield {
          schema: names.map((n) => fieldOf(schema, n, 'rows in memory')),
          rows: to - from,
          columns: names.map((n) => ({
            ...{ kind: 'fixed' as const, type: 'float64' as const, length: to - from, validity: null },
            values: (all.get(n) as Float64Array).subarray(from, to),
          })),
        }
      }
    },
    close: () => undefined,
  }
}

/** Some of the rows. */
export const someOf = ({ columns, labels, groups }: HeldRows, keep: (row: number) => boolean): HeldRows => ({
  columns: columns.map((c) => c.filter((_, i) => keep(i))),
  labels: labels.filter((_, i) => keep(i)),
  groups: new Map([...groups].map(([name, codes]) => [name, codes.filter((_, i) => keep(i))])),
})
