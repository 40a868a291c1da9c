import fc from 'fast-check'
import { call, type Expr, type FunctionName, lit } from '../../plan/expr.ts'
import type { Type } from '../../plan/types.ts'

const texts = (...values: string[]) => fc.constantFrom(...values).map((v) => lit(v, 'string'))
const numbers = (...values: number[]) => fc.constantFrom(...values).map((v) => lit(String(v), 'int64'))
const PARTS = texts('', 'a', 'b', '한', 'e', '1', '-')
const PATTERNS = texts('a+b?', '^.$', '[0-9]+', '(?i)B', '한.')

/** Functions of one text, by the kind of what they give. */
export function textFunctions(
  text: fc.Arbitrary<Expr>,
): Readonly<Record<'long' | 'bool' | 'text', fc.Arbitrary<Expr>>> {
  const fn = (names: readonly FunctionName[], ...args: fc.Arbitrary<Expr>[]) =>
    fc.tuple(fc.constantFrom(...names), ...args).map(([name, ...a]) => call(name as FunctionName, ...(a as Expr[])))
  const cast = (to: Type) =>
    fc
      .tuple(text, fc.constantFrom('fail' as const, 'null' as const))
      .map(([arg, onError]): Expr => ({ op: 'cast', arg, to, onError }))
  return {
    long: fc.oneof(fn(['length'], text), cast('int64'), fn(['hash32'], text)),
    bool: fc.oneof(
      fn(['contains', 'startsWith', 'endsWith'], text, PARTS),
      fn(['matches'], text, PATTERNS),
      fn(['lt', 'ge'], text, PARTS),
    ),
    text: fc.oneof(
      fn(['lower', 'upper', 'trim', 'normalize'], text),
      fn(['substring'], text, numbers(0, 1, 2), numbers(0, 1, 3)),
      fn(['concat'], PARTS, text),
      fn(['replace'], text, PARTS, PARTS),
      fn(['extract'], text, PATTERNS, numbers(0)),
      fn(['replaceMatches'], text, PATTERNS, PARTS),
    ),
  }
}
