import { GalleyError } from '../../base/errors.ts'

interface Range {
  readonly from: number
  readonly to?: number
  /** Whole numbers only. */
  readonly whole?: boolean
}

/** @throws PLAN_INVALID for an option that is no number of its range, naming fit and option */
export function checkNumber(fit: string, option: string, value: unknown, { from, to, whole = false }: Range): void {
  const fits = typeof value === 'number' && value >= from && value <= (to ?? Number.MAX_VALUE)
  if (fits && (!whole || Number.isInteger(value))) return
  throw wrongOption(
    fit,
    `'${option}' is ${String(value)}`,
    `it is a ${whole ? 'whole ' : ''}number ${to === undefined ? `from ${from} on` : `from ${from} to ${to}`}`,
  )
}

/** @throws PLAN_INVALID for an option that is none of its choices, or a list of none of them */
export function checkChoices(
  fit: string,
  option: string,
  values: readonly unknown[],
  choices: readonly string[],
): void {
  const wrong = values.find((v) => !(choices as readonly unknown[]).includes(v))
  if (values.length > 0 && wrong === undefined) return
  throw wrongOption(
    fit,
    values.length === 0 ? `'${option}' names nothing` : `'${option}' is '${String(wrong)}'`,
    `it is one of ${choices.join(', ')}`,
  )
}

export const wrongOption = (fit: string, what: string, why: string): GalleyError =>
  new GalleyError('PLAN_INVALID', { what: `${fit} can't be made: ${what}`, why, fix: 'give another value' })
