import type { FunctionName } from '../expr.ts'

/** The fewest and the most arguments of functions that take another number than one. */
const ARITY: Partial<Record<FunctionName, readonly [fewest: number, most: number]>> = {
  ...of(2, 2, 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'combine32'),
  ...of(1, Number.POSITIVE_INFINITY, 'coalesce', 'isIn', 'least', 'greatest', 'concat', 'list'),
  ...of(2, Number.POSITIVE_INFINITY, 'struct'),
  ...of(2, 2, 'add', 'sub', 'mul', 'div', 'intDiv', 'mod', 'pow', 'roundTo'),
  ...of(2, 2, 'contains', 'startsWith', 'endsWith', 'split', 'charNgrams', 'matches'),
  ...of(2, 2, 'jsonString', 'jsonNumber', 'jsonBool', 'jsonLength'),
  ...of(3, 3, 'substring', 'replace', 'extract', 'replaceMatches'),
  ...of(2, 2, 'listGet', 'listContains', 'listJoin', 'listCount', 'ngrams', 'field'),
  ...of(2, 2, 'addDuration', 'subDuration', 'diffTime', 'addMonths', 'addDays', 'truncate', 'parseTime', 'formatTime'),
  ...of(1, 2, 'toInstant', 'toLocal'),
}

function of(fewest: number, most: number, ...names: FunctionName[]): typeof ARITY {
  return Object.fromEntries(names.map((name) => [name, [fewest, most]]))
}

/** Why a function can't take so many arguments; undefined when it can. */
export function wrongCount(fn: FunctionName, count: number): string | undefined {
  const [fewest, most] = ARITY[fn] ?? [1, 1]
  if (count >= fewest && count <= most) return undefined
  const takes =
    fewest === most ? fewest : most === Number.POSITIVE_INFINITY ? `at least ${fewest}` : `${fewest} or ${most}`
  return `it takes ${takes} argument${takes === 1 ? '' : 's'}, not ${count}`
}
