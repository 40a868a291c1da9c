import { ASOF } from './asof.ts'
import { BASE } from './base.ts'
import type { Case } from './case.ts'
import { CORRELATIONS } from './correlations.ts'
import { DECIMALS } from './decimals.ts'
import { EXTREMES } from './extremes.ts'
import { FAILING } from './failing.ts'
import { KEYS } from './keys.ts'
import { NAMES } from './names.ts'
import { NESTED } from './nested.ts'
import { NUMBERS } from './numbers.ts'
import { RANGES } from './ranges.ts'
import { TABLES } from './tables.ts'
import { TEXT } from './text.ts'
import { TIME } from './time.ts'
import { WINDOWS } from './windows.ts'

export type { Case } from './case.ts'

/** Every hand-written case: the lines of docs/semantics.md. */
export const CASES: readonly Case[] = [
  ...BASE,
  ...NUMBERS,
  ...DECIMALS,
  ...TEXT,
  ...TIME,
  ...NESTED,
  ...NAMES,
  ...FAILING,
  ...TABLES,
  ...ASOF,
  ...KEYS,
  ...WINDOWS,
  ...RANGES,
  ...CORRELATIONS,
  ...EXTREMES,
]
