import { listOfNames, optionsOf } from '../columns/options.ts'
import { call, col, type Expr, type FunctionName } from '../expr.ts'
import { alike, checked, type FitKind, float } from './fit.ts'
import { checkChoices } from './options.ts'

/** Calendar parts, and for those that come round, their sine and cosine, so that 23:59 lies beside 00:00. */
export interface DateParts {
  readonly kind: 'dateParts'
  readonly columns: readonly string[]
  readonly parts: readonly DatePart[]
  readonly cycles: boolean
}
const PARTS = ['year', 'quarter', 'month', 'day', 'weekday', 'dayOfYear', 'isoWeek', 'hour', 'minuteOfDay'] as const
export type DatePart = (typeof PARTS)[number]

export const dateParts = (
  columns: readonly string[],
  parts: readonly DatePart[] = ['month', 'weekday', 'hour'],
  options: { cycles?: boolean } = {},
): DateParts =>
  checked(datePartsKind, {
    kind: 'dateParts',
    columns: listOfNames(columns, 'dateParts'),
    parts,
    cycles: optionsOf(options, ['cycles'], 'dateParts').cycles ?? true,
  })

/** How many steps a part takes to come round, and its first one. */
const CYCLES: Partial<Record<DatePart, readonly [period: number, first: number]>> = {
  quarter: [4, 1],
  month: [12, 1],
  day: [31, 1],
  weekday: [7, 1],
  dayOfYear: [365.25, 1],
  isoWeek: [52.1775, 1],
  hour: [24, 0],
  minuteOfDay: [1440, 0],
}

export const datePartsKind: FitKind<DateParts> = {
  check: (spec) => checkChoices('dateParts', 'parts', spec.parts, PARTS),
  reads: (spec) => spec.columns,
  queries: () => [],
  bind: (spec) =>
    alike(
      spec.columns.flatMap((column) =>
        spec.parts.flatMap((part): (readonly [string, Expr])[] => {
          const name = `${column}${part[0]?.toUpperCase()}${part.slice(1)}`
          const value = call(part satisfies FunctionName, col(column))
          const cycle = CYCLES[part]
          if (!cycle || !spec.cycles) return [[name, value]]
          const angle = call('mul', call('sub', value, float(cycle[1])), float((2 * Math.PI) / cycle[0]))
          return [
            [name, value],
            [`${name}Sin`, call('sin', angle)],
            [`${name}Cos`, call('cos', angle)],
          ]
        }),
      ),
    ),
}
