import type { FunctionName } from '../../../plan/expr.ts'
import type { Sqls } from './call.ts'
import { LOGIC } from './logic.ts'
import { MATH } from './math.ts'
import { NESTED } from './nested.ts'
import { TEXT } from './text.ts'
import { TIME } from './time.ts'

/** Every function in DuckDB's SQL, but `fails` and `orNull`, which look at how another one is computed. */
export const SQL: Sqls<Exclude<FunctionName, 'fails' | 'orNull'>> = { ...LOGIC, ...MATH, ...NESTED, ...TEXT, ...TIME }
