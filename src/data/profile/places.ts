import type { Node } from '../../plan/nodes.ts'
import type { Field } from '../../plan/types.ts'
import type { Access } from './access.ts'
import { type Collect, type Column, tableOf } from './columns.ts'
import { type Found, type Looked, lookAtAll } from './look.ts'
import { firstAsked } from './questions.ts'
import { accessTo, orElse, type Resident } from './resident.ts'
import type { Sampled } from './types.ts'

/** Rows as they are, the same under a profile's names, and what computes small results of them. */
interface Place {
  readonly rows: Node
  readonly table: Node
  readonly collect: Collect
}

/** Where the columns of a profile are looked at. */
interface Places {
  /** Columns that are asked on the device. */
  readonly there: readonly Column[]
  /** Computes of some columns, and of the target, where they lie; of the table where that can't be done. */
  first<T>(of: readonly Column[], work: (place: Place) => Promise<T>): Promise<T>
  look(
    total: number,
    mean: Promise<number>,
    progress: ((done: number, total: number) => void) | undefined,
  ): Promise<{ readonly looked: ReadonlyMap<Column, Looked>; readonly sampled: Sampled }>
}

/** Columns that are asked where they lie, with what keeps the others from it. */
export function askable(
  columns: readonly Column[],
  target: Field | null,
  { rows, gap }: Pick<Resident, 'rows' | 'gap'>,
): { readonly there: readonly Column[]; readonly gaps: ReadonlyMap<Column, string> } {
  const lies = new Set(rows.schema.map((f) => f.name))
  const gaps = new Map<Column, string>()
  const there = columns.filter((c) => {
    if (!lies.has(c.field.name)) return false
    const table = tableOf(rows, [c], target)
    const why =
      c.kind === 'other'
        ? `${String(c.field.type)} is only counted`
        : firstAsked(table, c, target !== null).reduce<string | undefined>((no, n) => no ?? gap(n), undefined)
    if (why !== undefined) gaps.set(c, why)
    return why === undefined
  })
  // what moves with a target that lies elsewhere is looked at there
  const whole = !target || there.some((c) => c.field.name === target.name)
  return { there: whole ? there : [], gaps }
}

/** Asks columns where they lie as far as that goes, and reads the others of the table. */
export function placesOf(
  here: Pick<Place, 'rows' | 'table'>,
  access: Access,
  columns: readonly Column[],
  target: Field | null,
  resident: Resident | undefined,
): Places {
  const table: Place = { ...here, collect: access.collect }
  const there = resident ? askable(columns, target, resident).there : []
  if (!resident || there.length === 0)
    return {
      there: [],
      first: (_, work) => work(table),
      look: (total, _, progress) => lookAtAll({ table: here.table, columns, total, target, access, progress }),
    }
  const asks = accessTo(resident)
  const device: Place = { rows: resident.rows, table: tableOf(resident.rows, there, target), collect: asks.collect }
  return {
    there,
    first: (of, work) =>
      of.every((c) => there.includes(c))
        ? orElse(
            () => work(device),
            () => work(table),
          )
        : work(table),
    async look(total, mean, progress) {
      const asking = { sample: resident.sample, mean }
      let done = 0
      const tell = () => progress?.(++done, columns.length + 1)
      const read = (some: readonly Column[]) => {
        resident.elsewhere?.(some.map((c) => c.field.name))
        return lookAtAll({ table: here.table, columns: some, total, target, access, progress: tell })
      }
      const far = { ...{ table: device.table, columns: there, total, target, access: asks, asking }, progress: tell }
      const asked = await orElse<Found | undefined>(
        () => lookAtAll(far),
        async () => undefined,
      )
      if (!asked) return read(columns)
      const others = [...columns.filter((c) => !there.includes(c)), ...asked.left]
      const found = others.length > 0 ? (await read(others)).looked : []
      return { looked: new Map([...asked.looked, ...found]), sampled: asked.sampled }
    },
  }
}
