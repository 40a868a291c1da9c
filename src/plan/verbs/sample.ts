import { GalleyError } from '../../base/errors.ts'
import { type Names, optionsOf, some } from '../columns/options.ts'
import { call, col, type Expr, lit } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import { fieldOf, isInteger, isOrdered, isTemporal, type Schema, typeName } from '../types.ts'

/** Keys, a seed, and the name of the column that says the part. */
export interface Parts {
  readonly by: Names
  readonly seed?: number
  readonly name?: string
}

const integer = (n: number): Expr => lit(String(n), 'int64')

/** A number from 0 to 2³² − 1 for each key, the same on every engine. A missing key counts as 0. */
function hashOf(schema: Schema, by: readonly string[], seed: number, where: string): Expr {
  if (!Number.isSafeInteger(seed))
    throw new GalleyError('PLAN_INVALID', {
      what: `the seed ${seed} is not a whole number`,
      fix: 'give one of up to 2⁵³, for instance { seed: 7 }',
    })
  for (const name of by) {
    const { type } = fieldOf(schema, name, where)
    if (!(type === 'string' || isInteger(type) || isTemporal(type)))
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: `${where} goes by integers, text or times, and '${name}' is a ${typeName(type)}`,
        why: 'the hash of a key is the same on every engine',
        fix: isOrdered(type)
          ? `name another column, or one derived as r.${name}.cast('string')`
          : 'name another column, for instance an id',
      })
  }
  const [first, ...others] = by.map((name) => call('coalesce', call('hash32', col(name)), integer(0)))
  if (!first)
    throw new GalleyError('PLAN_INVALID', { what: `${where} needs a key`, fix: "say by which column: { by: 'id' }" })
  const keys = others.reduce((hash, next) => call('combine32', hash, next), first)
  return call('combine32', keys, integer(seed))
}

/** Tells the hashes of splits from those of samples: all rows of a sample would else be in the first parts. */
const OF_SPLITS = 1

const below = (hash: Expr, share: number): Expr => call('lt', hash, integer(Math.round(share * 2 ** 32)))

/** The rows whose key's hash lies in the first `fraction` of all hashes. */
export function sample(input: Node, fraction: number, options: Omit<Parts, 'name'>): Node {
  const { by, seed = 0 } = optionsOf(options, ['by', 'seed'], 'sample')
  if (!(fraction >= 0 && fraction <= 1))
    throw new GalleyError('PLAN_INVALID', {
      what: `a sample is a share from 0 to 1, not ${fraction}`,
      fix: 'a tenth of the rows is 0.1',
    })
  return build({ op: 'filter', input, predicate: below(hashOf(input.schema, some(by), seed, 'sample'), fraction) })
}

/** Shares of rows by the hash of their keys: where each part's hashes begin, and where they end. @throws PLAN_INVALID, PLAN_TYPE_MISMATCH */
function sharesOf(
  schema: Schema,
  shares: Readonly<Record<string, number>>,
  by: readonly string[],
  seed: number,
): { readonly hash: Expr; readonly parts: readonly { name: string; from: number; to: number }[] } {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  const below0 = Object.values(shares).some((share) => !(share >= 0))
  if (Object.keys(shares).length === 0 || Math.abs(total - 1) > 1e-9 || below0)
    throw new GalleyError('PLAN_INVALID', {
      what: 'the shares of a split must add up to 1',
      why: below0 ? 'one of them is below 0' : `they add up to ${total}`,
      fix: 'write for instance { train: 0.8, validate: 0.1, test: 0.1 }',
    })
  let upTo = 0
  const parts = Object.entries(shares).map(([name, share]) => ({ name, from: upTo, to: (upTo += share) }))
  return { hash: call('combine32', hashOf(schema, by, seed, 'split'), integer(OF_SPLITS)), parts }
}

/** A column that names the part of each row. */
export function split(input: Node, shares: Readonly<Record<string, number>>, options: Parts): Node {
  const { by, seed = 0, name = 'part' } = optionsOf(options, ['by', 'seed', 'name'], 'split')
  const { hash, parts } = sharesOf(input.schema, shares, some(by), seed)
  const when = parts.slice(0, -1).map((part) => [below(hash, part.to), lit(part.name, 'string')] as const)
  const otherwise = lit(parts.at(-1)?.name ?? '', 'string')
  const part: Expr = when.length > 0 ? { op: 'case', when, otherwise } : otherwise
  return build({ op: 'derive', input, columns: [[name, part]] })
}

/** The same parts as conditions of their rows. */
export function partsBy(
  schema: Schema,
  shares: Readonly<Record<string, number>>,
  by: readonly string[],
  seed: number,
): Readonly<Record<string, Expr>> {
  const { hash, parts } = sharesOf(schema, shares, by, seed)
  const from = (share: number): Expr[] => (share > 0 ? [call('not', below(hash, share))] : [])
  return Object.fromEntries(
    parts.map(({ name, from: begin, to }, i) => {
      const bounds = [...from(begin), ...(i < parts.length - 1 ? [below(hash, to)] : [])]
      return [name, bounds.length === 2 ? call('and', ...bounds) : (bounds[0] ?? lit(true, 'bool'))]
    }),
  )
}

/** The columns by whose hash a part was cut, and where of all hashes it begins and ends (0 to 1). */
export interface Drawn {
  readonly by: readonly string[]
  readonly from: number
  readonly to: number
}

/** What a condition of `partsBy` says; undefined for any other one. */
export function drawnBy(condition: Expr): Drawn | undefined {
  const [first, second] = condition.op === 'call' && condition.fn === 'and' ? condition.args : [condition]
  const begins = first?.op === 'call' && first.fn === 'not' ? boundIn(first.args[0]) : undefined
  const ends = boundIn(begins ? second : first)
  if (second && JSON.stringify(begins?.hash) !== JSON.stringify(ends?.hash)) return undefined
  const by = keysIn((begins ?? ends)?.hash)
  return by && { by, from: begins?.share ?? 0, to: ends?.share ?? 1 }
}

function boundIn(e: Expr | undefined): { readonly hash: Expr; readonly share: number } | undefined {
  if (e?.op !== 'call' || e.fn !== 'lt') return undefined
  const [hash, bound] = e.args
  return hash && bound?.op === 'lit' ? { hash, share: Number(bound.value) / 2 ** 32 } : undefined
}

/** The keys of a split's hash. */
function keysIn(hash: Expr | undefined): string[] | undefined {
  const inside = (e: Expr | undefined, fn: string): readonly Expr[] => (e?.op === 'call' && e.fn === fn ? e.args : [])
  const [seeded, of] = inside(hash, 'combine32')
  if (of?.op !== 'lit' || Number(of.value) !== OF_SPLITS) return undefined
  const [keys] = inside(seeded, 'combine32')
  const names = (e: Expr | undefined): (string | undefined)[] => {
    const [others, last] = inside(e, 'combine32')
    if (others) return [...names(others), ...names(last)]
    const [key] = inside(inside(e, 'coalesce')[0], 'hash32')
    return [key?.op === 'col' ? key.name : undefined]
  }
  const found = names(keys)
  return found.every((name) => name !== undefined) ? found : undefined
}
