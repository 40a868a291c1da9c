import { type Expr, exprChildren, type FunctionName } from '../expr.ts'
import { isLeaf, remembered } from '../shape.ts'

/** What is dearer than a comparison of two numbers, in such comparisons; rough, and only ever compared with one another. */
const DEAR: Partial<Record<FunctionName, number>> = {
  lower: 6,
  upper: 6,
  trim: 4,
  concat: 6,
  contains: 6,
  startsWith: 3,
  endsWith: 3,
  substring: 6,
  replace: 10,
  split: 20,
  normalize: 30,
  tokens: 40,
  charNgrams: 60,
  ngrams: 60,
  matches: 40,
  extract: 60,
  replaceMatches: 80,
  jsonString: 60,
  jsonNumber: 60,
  jsonBool: 60,
  jsonLength: 60,
  listContains: 8,
  listJoin: 20,
  listDistinct: 20,
  listCount: 8,
  parseTime: 40,
  formatTime: 40,
  toLocal: 20,
  toInstant: 10,
  hash32: 10,
  exp: 4,
  ln: 4,
  log10: 4,
  pow: 8,
  sin: 6,
  cos: 6,
}
const CAST = 8
const LOOKUP = 20
const PREDICT = 1000

/** What computing an expression for a row takes, in comparisons of two numbers. */
export const cost = remembered((e: Expr): number => {
  if (isLeaf(e)) return 0
  let total = own(e)
  for (const child of exprChildren(e)) if (!isLeaf(child)) total += cost(child)
  return total
})

function own(e: Expr): number {
  switch (e.op) {
    case 'call':
      return DEAR[e.fn] ?? 1
    case 'cast':
      return CAST
    case 'lookup':
      return LOOKUP
    case 'predict':
      return PREDICT
    default:
      return 1
  }
}
