import { isInteger, type Type } from '../types.ts'
import { JSON_PATH } from './json-path.ts'
import { checkPattern } from './pattern.ts'
import { constantInt, constantText, type Rule, type Rules } from './rule.ts'

const text =
  (result: Type, others = 0): Rule =>
  (args, fail) => {
    if (args.slice(0, 1 + others).some((a) => a.type !== 'string')) throw fail('it takes text')
    return result
  }
const pattern =
  (result: Type): Rule =>
  (args, fail, exprs) => {
    text(result, 1)(args, fail, exprs)
    checkPattern(constantText(exprs, 1, 'the pattern', fail), fail)
    return result
  }
const json =
  (result: Type): Rule =>
  (args, fail, exprs) => {
    text(result)(args, fail, exprs)
    const path = constantText(exprs, 1, 'the path', fail)
    if (!JSON_PATH.test(path))
      throw fail(
        `'${path}' is not a path: write it like '$.customer.tags[0]', other names than letters, digits and _ in quotes: '$."unit price"'`,
        'constant',
      )
    return result
  }

export const TEXT: Rules<
  | 'length'
  | 'lower'
  | 'upper'
  | 'trim'
  | 'concat'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'substring'
  | 'replace'
  | 'split'
  | 'normalize'
  | 'tokens'
  | 'charNgrams'
  | 'matches'
  | 'extract'
  | 'replaceMatches'
  | 'jsonString'
  | 'jsonNumber'
  | 'jsonBool'
  | 'jsonLength'
> = {
  length: text('int64'),
  lower: text('string'),
  upper: text('string'),
  trim: text('string'),
  concat: text('string', Number.POSITIVE_INFINITY),
  contains: text('bool', 1),
  startsWith: text('bool', 1),
  endsWith: text('bool', 1),
  substring: (args, fail, exprs) => {
    text('string')(args, fail, exprs)
    if (args.length !== 3 || args.slice(1).some((a) => !isInteger(a.type)))
      throw fail('it takes text, a position and a length')
    return 'string'
  },
  replace: text('string', 2),
  split: (args, fail, exprs) => {
    text('string', 1)(args, fail, exprs)
    if (constantText(exprs, 1, 'the separator', fail) === '') throw fail('the separator must not be empty', 'constant')
    return { list: 'string' }
  },
  normalize: text('string'),
  tokens: text({ list: 'string' }),
  charNgrams: (args, fail, exprs) => {
    text('string')(args, fail, exprs)
    constantInt(exprs, 1, 'the number of characters', [1, 10], fail)
    return { list: 'string' }
  },
  matches: pattern('bool'),
  extract: (args, fail, exprs) => {
    const result = pattern('string')(args, fail, exprs)
    const groups = checkPattern(constantText(exprs, 1, 'the pattern', fail), fail)
    if (groups === 0 && !(exprs[2]?.op === 'lit' && Number(exprs[2].value) === 0))
      throw fail('the pattern has no groups', 'constant', 'put brackets around what is to be taken: ([0-9]+)')
    constantInt(exprs, 2, 'the group', [0, groups], fail)
    return result
  },
  replaceMatches: (args, fail, exprs) => {
    const result = pattern('string')(args, fail, exprs)
    const by = constantText(exprs, 2, 'the replacement', fail)
    if (/[\\$]/.test(by)) throw fail("the replacement is taken as it is: it can't hold '\\' or '$'")
    return result
  },
  jsonString: json('string'),
  jsonNumber: json('float64'),
  jsonBool: json('bool'),
  jsonLength: json('int64'),
}
