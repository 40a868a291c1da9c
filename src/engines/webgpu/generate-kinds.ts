import type { Type } from '../../plan/types.ts'
import { LONG, MONEY } from './generate-values.ts'

/** What a generated expression gives. */
export type Kind =
  | 'long'
  | 'int'
  | 'bool'
  | 'text'
  | 'float'
  | 'single'
  | 'instant'
  | 'local'
  | 'date'
  | 'span'
  | 'money'
  | 'exact'
/** The type of each kind. */
export const TYPE: Readonly<Record<Kind, Type>> = {
  long: 'int64',
  int: 'int32',
  bool: 'bool',
  text: 'string',
  float: 'float64',
  single: 'float32',
  instant: 'timestamp',
  local: 'local timestamp',
  date: 'date',
  span: 'duration',
  money: MONEY,
  exact: LONG,
}
export const KINDS = Object.keys(TYPE) as Kind[]
