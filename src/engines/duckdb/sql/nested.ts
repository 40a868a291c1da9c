import { isFloat, isList } from '../../../plan/types.ts'
import { constantOf, type Sqls } from './call.ts'
import { quote, sqlType } from './names.ts'

/** Beyond the items of any list. */
const MOST = 2 ** 40

export const NESTED: Sqls<
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
  list: ({ args, type }) => `CAST([${args.join(', ')}] AS ${sqlType(type)})`,
  listLength: ({ args: [a] }) => `CAST(len(${a}) AS BIGINT)`,
  // DuckDB counts from 1, and from the end below 0
  listGet: ({ args: [a, at] }) => `(${a})[CASE WHEN ${at} < 0 THEN ${at} ELSE least(${at}::BIGINT, ${MOST}) + 1 END]`,
  listContains: ({ args: [a, value] }) =>
    `CASE WHEN ${a} IS NOT NULL AND ${value} IS NOT NULL THEN list_contains(${a}, ${value}) END`,
  listJoin: ({ args: [a, by] }) => `CASE WHEN ${a} IS NOT NULL THEN coalesce(array_to_string(${a}, ${by}), '') END`,
  // DuckDB takes each NaN for another
  listDistinct: ({ args: [a = ''], types: [type] }) => {
    if (!type || !isList(type) || !isFloat(type.list)) return `list_sort(list_distinct(${a}))`
    const numbers = `list_sort(list_distinct(list_filter(${a}, lambda x: NOT isnan(x))))`
    return `list_concat(${numbers}, list_slice(list_filter(${a}, lambda x: isnan(x)), 1, 1))`
  },
  listCount: ({ args: [a, value] }) =>
    `CASE WHEN ${a} IS NOT NULL AND ${value} IS NOT NULL THEN CAST(len(list_filter(${a}, lambda x: x = ${value})) AS BIGINT) END`,
  // a word that is missing is empty
  ngrams: ({ args: [a, n] }) =>
    `list_transform(range(1, len(${a}) - ${n} + 2), lambda i: array_to_string(list_transform(list_slice(${a}, i, i + ${n} - 1), lambda x: coalesce(x, '')), ' '))`,
  struct: ({ args, exprs, type }) => {
    const fields = args.flatMap((_, i) => (i % 2 === 0 ? [`${quote(constantOf(exprs, i))} := ${args[i + 1]}`] : []))
    return `CAST(struct_pack(${fields.join(', ')}) AS ${sqlType(type)})`
  },
  field: ({ args: [a], exprs }) => `struct_extract(${a}, '${constantOf(exprs, 1).replaceAll("'", "''")}')`,
}
