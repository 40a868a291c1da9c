import { checkFields } from '../names.ts'
import { isList, isOrdered, sameType, type Type } from '../types.ts'
import { constantInt, constantText, type Rules } from './rule.ts'

/** Lists and structs. Positions count from 0; negative ones from the end. */
export const NESTED: Rules<
  | 'list'
  | 'listLength'
  | 'listGet'
  | 'listContains'
  | 'listJoin'
  | 'listDistinct'
  | 'listCount'
  | 'ngrams'
  | 'struct'
  | 'field'
> = {
  list: (args, fail) => {
    const [first] = args
    if (!first) throw fail('it takes at least one value')
    if (args.some((a) => !sameType(a.type, first.type))) throw fail('all its values must be of one type')
    return { list: first.type }
  },
  listLength: ([a], fail) => {
    element(a?.type, fail)
    return 'int64'
  },
  listGet: ([a, at], fail) => {
    if (at?.type !== 'int64' && at?.type !== 'int32') throw fail('the position must be an integer')
    return element(a?.type, fail)
  },
  listContains: ([a, value], fail) => {
    if (!value || !sameType(element(a?.type, fail), value.type)) throw fail('the value must be of the list’s type')
    return 'bool'
  },
  listJoin: ([a], fail, exprs) => {
    if (element(a?.type, fail) !== 'string') throw fail('it takes a list of text and a separator')
    constantText(exprs, 1, 'the separator', fail)
    return 'string'
  },
  listDistinct: ([a], fail) => {
    const item = element(a?.type, fail)
    if (!isOrdered(item)) throw fail('its items must have an order')
    return { list: item }
  },
  listCount: ([a, value], fail) => {
    if (!value || !sameType(element(a?.type, fail), value.type)) throw fail('the value must be of the list’s type')
    return 'int64'
  },
  ngrams: ([a], fail, exprs) => {
    if (element(a?.type, fail) !== 'string') throw fail('it takes a list of text')
    constantInt(exprs, 1, 'the number of words', [1, 10], fail)
    return { list: 'string' }
  },
  struct: (args, fail, exprs) => {
    if (args.length === 0 || args.length % 2 !== 0) throw fail('it takes names and values')
    const fields: [string, Type][] = []
    for (let i = 0; i < args.length; i += 2) {
      const name = constantText(exprs, i, 'a field’s name', fail)
      if (fields.some(([other]) => other.toLowerCase() === name.toLowerCase()))
        throw fail(`it has two fields named '${name}'`)
      fields.push([name, args[i + 1]?.type ?? 'bool'])
    }
    checkFields({ struct: fields })
    return { struct: fields }
  },
  field: ([a], fail, exprs) => {
    if (!a || typeof a.type !== 'object' || !('struct' in a.type)) throw fail('it takes a struct')
    const name = constantText(exprs, 1, 'the field’s name', fail)
    const found = a.type.struct.find(([other]) => other === name)
    if (!found)
      throw fail(`there is no field '${name}': the fields are ${a.type.struct.map(([n]) => `'${n}'`).join(', ')}`)
    return found[1]
  },
}

function element(type: Type | undefined, fail: (why: string) => Error): Type {
  if (!type || !isList(type)) throw fail('it takes a list')
  return type.list
}
