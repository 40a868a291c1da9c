import type { FunctionName } from '../../plan/expr.ts'
import { NUMBERS } from './numbers.ts'
import type { Emit } from './shapes.ts'
import { TEXTS } from './texts.ts'

/** Functions with code of their own. Every other one runs as its closure, so that a new function works at once. */
export const FUNCTIONS: Partial<Record<FunctionName, Emit>> = { ...NUMBERS, ...TEXTS }
