import type { FunctionName } from '../expr.ts'
import { LOGIC } from './logic.ts'
import { MATH } from './math.ts'
import { NESTED } from './nested.ts'
import type { Rules } from './rule.ts'
import { TEXT } from './text.ts'
import { TIME } from './time.ts'

/** What each function takes and gives: one line a function, in the file of its family. */
export const RULES: Rules<FunctionName> = { ...LOGIC, ...MATH, ...NESTED, ...TEXT, ...TIME }
