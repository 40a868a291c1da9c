import { GalleyError, nearest } from '../../../base/errors.ts'
import type { Condition } from '../../../plan/conditions.ts'
import { isDecimal, isInteger, parseType, type Type, type TypeName, typeName } from '../../../plan/types.ts'
import type { Option, SourceSpec, Wanted } from '../connector.ts'

const SIGNS = ['=', '>=', '>', '<=', '<'] as const
type Sign = (typeof SIGNS)[number]
const FORMS = ['iso', 'date', 'seconds', 'milliseconds'] as const
/** How a time is written: ISO 8601, its day alone, or how many there are since 1970. */
type Form = (typeof FORMS)[number]

/** What a server takes as parameters of its address, so that it sends less. Whatever it sends, the recipe's own steps hold. */
export interface HttpPush<C extends string = string> {
  /** The parameter that names the columns, between commas: `fields=id,city`. */
  readonly columns?: string
  /** Parameters that bound a column or say its value: `{ since: ['>=', 'updated_at'], state: ['=', 'state'] }`. */
  readonly where?: Readonly<Record<string, readonly [sign: Sign, column: C, as?: Form]>>
}

/** Conditions that may be left to a parameter: those whose rows are all among what it asks for. */
const SERVED: Readonly<Record<Sign, readonly Condition['is'][]>> = {
  '=': ['eq'],
  '>=': ['ge', 'gt', 'eq'],
  '>': ['gt'],
  '<=': ['le', 'lt', 'eq'],
  '<': ['lt'],
}

/**
 * Checks what is declared. @param taken parameters that stand in the address already
 * @throws RECIPE_INVALID naming what there is
 */
export function checkPush(push: HttpPush, columns: Readonly<Record<string, TypeName>>, taken: readonly string[]): void {
  const refuse = (what: string, why: string, fix: string) => new GalleyError('RECIPE_INVALID', { what, why, fix })
  const names = [...(push.columns === undefined ? [] : [push.columns]), ...Object.keys(push.where ?? {})]
  const twice = names.find((name, i) => taken.includes(name) || names.indexOf(name) !== i)
  if (twice !== undefined)
    throw refuse(
      `http() has the parameter '${twice}' twice`,
      'the address, query, pages or push say it, too',
      'say it once: what is always asked stands in query, what follows from the recipe in push',
    )
  for (const [name, [sign, column, as]] of Object.entries(push.where ?? {})) {
    const here = `http() can't push '${name}'`
    const given = Object.hasOwn(columns, column) ? columns[column] : undefined
    if (given === undefined) {
      const meant = nearest(column, Object.keys(columns))
      throw refuse(here, `'${column}' is no column of it`, meant ? `did you mean '${meant}'?` : `name one of ${Object.keys(columns).join(', ')}`) // biome-ignore format: one line
    }
    const type = parseType(given)
    if (!SIGNS.includes(sign)) throw refuse(here, `${JSON.stringify(sign)} is no sign`, `say ${SIGNS.join(', ')}`)
    if (as !== undefined && !formsOf(type).includes(as))
      throw refuse(here, `a ${typeName(type)} is not written as ${JSON.stringify(as)}`, formsOf(type).length > 0 ? `say ${formsOf(type).join(', ')}` : 'leave it out') // biome-ignore format: one line
    if (!signsOf(type).includes(sign))
      throw refuse(
        here,
        signsOf(type).length === 0
          ? `servers may differ in how they compare a ${typeName(type)}`
          : `servers may differ in how they order a ${typeName(type)}`,
        signsOf(type).length === 0
          ? 'name a whole number, a decimal, a bool, a text or a time'
          : `say ${signsOf(type).join(', ')}`,
      )
  }
}

const isTime = (type: Type): boolean => type === 'date' || type === 'timestamp' || type === 'local timestamp'

/** Text has other orders elsewhere, and floats other texts. */
const signsOf = (type: Type): readonly Sign[] =>
  isInteger(type) || isDecimal(type) || isTime(type) ? SIGNS : type === 'bool' || type === 'string' ? ['='] : []

/** A wall clock is no number of seconds since an instant. */
const formsOf = (type: Type): readonly Form[] =>
  type === 'local timestamp' ? ['iso', 'date'] : isTime(type) ? FORMS : []

/** What of a recipe's needs goes into the address. */
export interface Asked {
  readonly query: Readonly<Record<string, string>>
  /** Columns that are asked for; absent where all are. */
  readonly columns?: readonly string[]
  /** The same for people. */
  readonly says: readonly string[]
}

/** What a source says that it can be asked. */
export const pushOf = (options: SourceSpec['options']): HttpPush | undefined =>
  options['push'] as (HttpPush & Option) | undefined

export function askedOf({ columns, options }: SourceSpec, wanted: Wanted | undefined): Asked {
  const push = pushOf(options)
  if (!push || !wanted) return { query: {}, says: [] }
  const query: Record<string, string> = Object.create(null) as Record<string, string>
  const says: string[] = []
  const all = Object.keys(columns)
  const some = all.filter((name) => wanted.columns.includes(name))
  // of a row that nobody reads a column of, there must be something to count
  const asked = some.length > 0 ? some : all.slice(0, 1)
  // a name with a comma in it would be two
  const fewer = push.columns !== undefined && asked.length < all.length && asked.every((name) => !name.includes(','))
  if (push.columns !== undefined && fewer) {
    query[push.columns] = asked.join(',')
    says.push(`${asked.length} of ${all.length} columns`)
  }
  for (const [name, [sign, column, as]] of Object.entries(push.where ?? {}))
    for (const c of wanted.where) {
      if (c.column !== column || !SERVED[sign].includes(c.is)) continue
      const text = textOf(c, parseType(columns[column] as TypeName), sign, as ?? 'iso')
      if (text === undefined) continue
      query[name] = text
      says.push(`${column} ${sign} ${text}`)
      break
    }
  return { query, says, ...(fewer ? { columns: asked } : {}) }
}

/** A condition's value as the address says it: never one that asks for fewer rows. Undefined where there is none. */
function textOf(c: Condition, declared: Type, sign: Sign, as: Form): string | undefined {
  if (!('value' in c)) return undefined
  const { value, type } = c
  if (isInteger(declared) && isInteger(type)) return String(BigInt(String(value)))
  if (isDecimal(declared) && (isDecimal(type) || isInteger(type)))
    return /^[+-]?\d+(\.\d+)?$/.test(String(value)) ? String(value) : undefined
  if (declared === 'bool' && type === 'bool') return String(value)
  if (declared === 'string' && type === 'string') return String(value)
  if (!isTime(declared) || type !== declared) return undefined
  const micros = declared === 'date' ? BigInt(String(value)) * DAY : BigInt(String(value))
  return timeText(micros, declared, sign, as)
}

const DAY = 86_400_000_000n

/** A lower bound is rounded down and an upper one up to what the form tells; a value that it does not tell is not asked for. */
function timeText(micros: bigint, type: Type, sign: Sign, as: Form): string | undefined {
  const unit =
    as === 'date' || type === 'date' ? DAY : as === 'seconds' ? 1_000_000n : as === 'milliseconds' ? 1000n : 1n
  const over = ((micros % unit) + unit) % unit
  if (over !== 0n && sign === '=') return undefined
  const at = over === 0n ? micros : sign === '<' || sign === '<=' ? micros - over + unit : micros - over
  if (as === 'seconds') return String(at / 1_000_000n)
  if (as === 'milliseconds') return String(at / 1000n)
  const rest = ((at % 1_000_000n) + 1_000_000n) % 1_000_000n
  const date = new Date(Number((at - rest) / 1000n))
  const year = date.getUTCFullYear()
  if (Number.isNaN(year) || year < 1 || year > 9999) return undefined
  const iso = date.toISOString()
  if (as === 'date' || type === 'date') return iso.slice(0, 10)
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(6, '0')}`
  return `${iso.slice(0, 19)}${fraction}${type === 'timestamp' ? 'Z' : ''}`
}
