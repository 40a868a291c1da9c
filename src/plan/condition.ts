import { GalleyError } from '../base/errors.ts'
import { call, col, type Expr, type FunctionName } from './expr.ts'
import { infer } from './infer.ts'
import { literal } from './literal.ts'
import { type Field, fieldOf, isDecimal, isInteger, type Schema } from './types.ts'

const COMPARE: Readonly<Record<string, FunctionName>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}
const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'is', 'null', 'in', 'true', 'false'])
const TOKEN =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+")|(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>==|!=|<>|<=|>=|[=<>(),]))/uy
/** Parentheses and negations within each other, at most. */
const DEEPEST = 100

interface Token {
  readonly kind: 'text' | 'quoted' | 'number' | 'word' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

/**
 * A condition as people type it, over the columns of a schema: `delay > 15 and origin in ('ICN', 'GMP') and not cancelled`, `note is
 * null`. Texts stand in single quotes, a name that is no word in double ones; times are ISO texts.
 * @throws PLAN_INVALID with the place, PLAN_UNKNOWN_COLUMN, PLAN_TYPE_MISMATCH
 */
export function parseCondition(text: string, schema: Schema): Expr {
  const tokens = tokensOf(text)
  let place = 0
  const peek = (): Token => tokens[place] as Token
  const isWord = (word: string) => peek().kind === 'word' && peek().text.toLowerCase() === word
  const isSign = (sign: string) => peek().kind === 'sign' && peek().text === sign
  const accept = (found: boolean): boolean => {
    if (found) place++
    return found
  }
  const expected = (what: string): GalleyError => {
    const { kind, text: found, at } = peek()
    return wrong(text, at, `${what} is expected and ${kind === 'end' ? 'it ends' : `there is ${found}`}`)
  }
  const require = (found: boolean, what: string) => {
    if (!accept(found)) throw expected(what)
  }
  const column = (): Field | undefined => {
    const { kind, text: name } = peek()
    if (kind !== 'quoted' && (kind !== 'word' || WORDS.has(name.toLowerCase()))) return undefined
    place++
    return fieldOf(schema, kind === 'quoted' ? name.slice(1, -1).replaceAll('""', '"') : name, 'the condition')
  }
  const value = (like: Field): Expr => {
    const other = column()
    if (other) return col(other.name)
    const token = peek()
    if (accept(isWord('true')) || accept(isWord('false')))
      return literal(token.text.toLowerCase() === 'true', like.type)
    if (token.kind === 'text') {
      place++
      return literal(token.text.slice(1, -1).replaceAll("''", "'"), like.type)
    }
    if (isWord('null')) throw wrong(text, token.at, `nothing is equal to null: write ${like.name} is null, or ${like.name} is not null`) // biome-ignore format: one line
    if (token.kind !== 'number') throw expected('a value')
    place++
    if (isDecimal(like.type)) return literal(token.text, like.type)
    if (!Number.isFinite(Number(token.text))) throw wrong(text, token.at, `${token.text} is more than a number may be`)
    const whole = /^[+-]?\d+$/.test(token.text)
    if (!whole || !isInteger(like.type)) return literal(Number(token.text), like.type)
    const [n, most] = [BigInt(token.text), 2n ** 63n - 1n]
    if (n > most || n < ~most)
      throw wrong(text, token.at, `${token.text} is none of the whole numbers from ${~most} to ${most}`)
    return literal(n, like.type)
  }
  const comparison = (depth: number): Expr => {
    if (depth > DEEPEST) throw wrong(text, peek().at, `it is nested deeper than ${DEEPEST} levels`)
    if (accept(isWord('not'))) return call('not', comparison(depth + 1))
    if (accept(isSign('('))) {
      const inner = any(depth + 1)
      require(isSign(')'), 'a )')
      return inner
    }
    const left = column()
    if (!left) throw expected('a column')
    const of = col(left.name)
    const sign = peek()
    if (sign.kind === 'sign' && Object.hasOwn(COMPARE, sign.text)) {
      place++
      return call(COMPARE[sign.text] as FunctionName, of, value(left))
    }
    if (accept(isWord('is'))) {
      const not = accept(isWord('not'))
      require(isWord('null'), 'null')
      return not ? call('not', call('isNull', of)) : call('isNull', of)
    }
    const not = accept(isWord('not'))
    if (accept(isWord('in'))) {
      require(isSign('('), 'a (')
      const among = [value(left)]
      while (accept(isSign(','))) among.push(value(left))
      require(isSign(')'), 'a )')
      const found = joined(
        'or',
        among.map((v) => call('eq', of, v)),
      )
      return not ? call('not', found) : found
    }
    if (not) throw expected("'in'")
    return of
  }
  const all = (depth: number): Expr => {
    const parts = [comparison(depth)]
    while (accept(isWord('and'))) parts.push(comparison(depth))
    return joined('and', parts)
  }
  const any = (depth: number): Expr => {
    const parts = [all(depth)]
    while (accept(isWord('or'))) parts.push(all(depth))
    return joined('or', parts)
  }
  const found = any(0)
  if (peek().kind !== 'end') throw expected("'and', 'or' or the end")
  const { type } = infer(found, schema, 'the condition')
  if (type !== 'bool') throw wrong(text, 0, 'it is neither true nor false')
  return found
}

/** Several as one, halved again and again: one within the other, thousands would go as deep as that. */
function joined(fn: 'and' | 'or', parts: readonly Expr[]): Expr {
  const half = Math.ceil(parts.length / 2)
  return parts.length === 1
    ? (parts[0] as Expr)
    : call(fn, joined(fn, parts.slice(0, half)), joined(fn, parts.slice(half)))
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    const [kind, value] = Object.entries(found?.groups ?? {}).find(([, v]) => v !== undefined) ?? []
    if (kind === undefined || value === undefined)
      throw wrong(text, at, `there is ${JSON.stringify(text.slice(at, at + 10))}`)
    tokens.push({ kind: kind as Token['kind'], text: value, at })
  }
  return [...tokens, { kind: 'end', text: '', at: end }]
}

const wrong = (text: string, at: number, why: string): GalleyError =>
  new GalleyError('PLAN_INVALID', {
    what: `the condition can't be read from character ${at + 1} on: ${text.slice(0, 200)}`,
    why,
    fix: "write for instance: delay > 15 and origin in ('ICN', 'GMP') and note is not null",
    details: { at },
  })
