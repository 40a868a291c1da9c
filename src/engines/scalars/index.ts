import type { FunctionName } from '../../plan/expr.ts'
import { LOGIC } from './logic.ts'
import { MATH } from './math.ts'
import { NESTED } from './nested.ts'
import type { Scalars } from './scalar.ts'
import { TEXT } from './text.ts'
import { TIME } from './time.ts'

/** Nulls in these are seen by the function itself. */
export const SEES_NULL: ReadonlySet<FunctionName> = new Set([
  'and',
  'or',
  'isNull',
  'coalesce',
  'isIn',
  'least',
  'greatest',
  'list',
  'struct',
])

/** Every function's meaning in JavaScript, shared by the engines that run in it. */
export const SCALARS: Scalars<FunctionName> = { ...LOGIC, ...MATH, ...NESTED, ...TEXT, ...TIME }
