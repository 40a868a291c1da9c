import { compilePattern } from '../../plan/functions/pattern.ts'
import type { Value } from '../batch.ts'
import { jsonAt } from './json.ts'
import { windowed } from './nested.ts'
import type { Scalar, Scalars } from './scalar.ts'

const text =
  (f: (...s: string[]) => Value): Scalar =>
  (args) =>
    f(...(args as string[]))

const toLower = (s: string): string => s.toLowerCase()
const toUpper = (s: string): string => s.toUpperCase()
const shifted = (c: string, by: number): string => String.fromCodePoint((c.codePointAt(0) as number) + by)
/** Lower and upper case of letters whose mapping in JavaScript is to several. */
const SPECIAL: Readonly<Record<string, readonly [lower: string, upper: string]>> = {
  İ: ['i', 'İ'],
  ß: ['ß', 'ẞ'],
  // Greek with iota subscript: its capital is the title case
  ...Object.fromEntries([...'ᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒᾓᾔᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧ'].map((c) => [c, [c, shifted(c, 8)] as const])),
  ...Object.fromEntries([...'ᾳῃῳ'].map((c) => [c, [c, shifted(c, 9)] as const])),
}

/** Unicode's simple case mapping: one code point for one, whatever the language. */
const simple =
  (map: (s: string) => string) =>
  (s: string): string => {
    const whole = map(s)
    // a longer result has a mapping to several code points; a capital sigma depends on what follows it
    if (whole.length === s.length && !s.includes('Σ')) return whole
    return [...s].map((c) => SPECIAL[c]?.[map === toLower ? 0 : 1] ?? ([...map(c)].length === 1 ? map(c) : c)).join('')
  }

export const lowerCase = simple(toLower)
export const upperCase = simple(toUpper)

/** As RE2 replaces: a match of nothing just behind another match is none. */
function replaceMatches(s: string, pattern: string, to: string): string {
  const found = compilePattern(pattern).matcher(s)
  let out = ''
  let end = -1
  while (found.find()) {
    if (found.start() === found.end() && found.start() === end) continue
    out += s.slice(Math.max(0, end), found.start()) + to
    end = found.end()
  }
  return out + s.slice(Math.max(0, end))
}

export const TEXT: Scalars<
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
  length: text((s) => BigInt([...s].length)),
  lower: text(lowerCase),
  upper: text(upperCase),
  trim: text((s) => s.replace(/^ +| +$/g, '')),
  concat: text((...s) => s.join('')),
  contains: text((s, part = '') => s.includes(part)),
  startsWith: text((s, part = '') => s.startsWith(part)),
  endsWith: text((s, part = '') => s.endsWith(part)),
  replace: text((s, from = '', to = '') => (from === '' ? s : s.replaceAll(from, () => to))),
  // from the given position (the first is 1) so many code points; what lies before the first is not there
  substring: ([s, from, length]) => {
    const start = Number(from) - 1
    const end = start + Math.max(0, Number(length))
    return [...(s as string)].slice(Math.max(0, start), Math.max(0, end)).join('')
  },
  split: text((s, by = '') => s.split(by)),
  normalize: text((s) => s.normalize('NFC')),
  // words: runs of letters, marks and digits in lower case
  tokens: text((s) => lowerCase(s).match(/[\p{L}\p{M}\p{N}]+/gu) ?? []),
  charNgrams: ([s, n]) => windowed([...(s as string)], Number(n)).map((cs) => cs.join('')),
  matches: text((s, pattern = '') => compilePattern(pattern).matcher(s).find()),
  extract: ([s, pattern, group]) => {
    const found = compilePattern(pattern as string).matcher(s as string)
    return found.find() ? (found.group(Number(group)) ?? '') : null
  },
  replaceMatches: text((s, pattern = '', to = '') => replaceMatches(s, pattern, to)),
  jsonString: text((s, path = '') => {
    const v = jsonAt(s, path)
    return typeof v === 'string' ? v : null
  }),
  jsonNumber: text((s, path = '') => {
    const v = jsonAt(s, path)
    return typeof v === 'number' ? v : null
  }),
  jsonBool: text((s, path = '') => {
    const v = jsonAt(s, path)
    return typeof v === 'boolean' ? v : null
  }),
  jsonLength: text((s, path = '') => {
    const v = jsonAt(s, path)
    return Array.isArray(v) ? BigInt(v.length) : null
  }),
}
