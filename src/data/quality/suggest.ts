import { LOOKED_AT } from '../profile/personal.ts'
import type { ColumnProfile, Profile } from '../profile/types.ts'

/** A line for a recipe's `expect`, and what speaks for it. */
export interface Suggestion {
  readonly line: string
  readonly because: string
}

/** Rows below which a profile is too little to go by. */
const ENOUGH = 20
/** Different values up to which a text counts as a set. */
const SET = 30
/** Rows for each different value that a set needs. */
const REPEATED = 20

/** What a table's profile lets expect of the next one: only what held in every row, or in the share that is written. */
export function suggest(p: Profile): Suggestion[] {
  if (p.rows < ENOUGH) return []
  const found: Suggestion[] = []
  const add = (line: string, because: string) => found.push({ line, because })
  const [key] = p.keys ?? []
  const [likely] = p.likelyKeys ?? []
  if (key === undefined && likely !== undefined)
    add(`e.key(${quote(likely)}).warn()`, 'about as many different values as rows, none twice in the sample')
  if (key !== undefined) add(`e.key(${quote(key)})`, `${integer(p.rows)} rows, as many different values, none missing`)
  add(
    `e.volume({ change: 0.5 }).warn()`,
    `${integer(p.rows)} rows now: half as many, or half as many again, is worth a look`,
  )
  for (const c of p.columns) {
    if (c.count === 0) continue
    if (c.name !== key) presence(c, p.rows, add)
    if (c.kind === 'number') numbers(c, add)
    if (c.kind === 'text') texts(c, isLookedThrough(c, p), add)
    if (c.kind === 'time' && c.type === 'timestamp' && c.time)
      add(
        `e.fresh(${quote(c.name)}, hours(48)).warn()`,
        `moments up to ${c.time.max}: set the span to how often data comes`,
      )
  }
  return found
}

type Add = (line: string, because: string) => void

function presence(c: ColumnProfile, rows: number, add: Add): void {
  if (c.nulls === 0) add(`e.notNull(${column(c)})`, `no value is missing in ${integer(rows)} rows`)
  else if (c.nulls / rows < 0.5) {
    // as many again may be missing
    const mostly = Math.floor((1 - (2 * c.nulls) / rows) * 100) / 100
    if (mostly > 0)
      add(`e.notNull(${column(c)}, { mostly: ${mostly} }).warn()`, `${percent(c.nulls / rows)} are missing`)
  }
}

function numbers(c: ColumnProfile, add: Add): void {
  const s = c.number
  if (!s || s.min === null || s.max === null || c.distinct === 1) return
  if (s.nan + s.infinite > 0) return
  const range = `lowest ${s.min}, highest ${s.max}`
  if (s.min >= 0 && s.max <= 1 && c.type.startsWith('float'))
    add(`e.range(${column(c)}, { min: 0, max: 1 })`, `${range}: a share`)
  else if (s.min >= 0) add(`e.range(${column(c)}, { min: 0 })`, `${range}: never negative`)
}

/** Whether the shapes of a column are those of all its values. */
const isLookedThrough = (c: ColumnProfile, p: Profile): boolean =>
  (p.sampled?.rows ?? p.rows) >= p.rows && c.distinctError === undefined && (c.distinct ?? p.rows) <= LOOKED_AT

function texts(c: ColumnProfile, all: boolean, add: Add): void {
  const { distinct, count, top, patterns, text } = c
  const [shape] = patterns ?? []
  const whole = shape?.share === 1 && text && text.shortest === text.longest ? patternOf(shape.pattern) : undefined
  // values of personal data are told by their shapes
  if (
    distinct !== null &&
    !c.personal?.share &&
    distinct <= SET &&
    distinct === top.length &&
    count >= distinct * REPEATED
  ) {
    const values = top.map((t) => quote(t.value)).join(', ')
    add(
      `e.oneOf(${column(c)}, [${values}])`,
      distinct === 1 ? `always so in ${integer(count)} rows` : `${distinct} different values in ${integer(count)}`,
    )
  } else if (whole && (distinct ?? 0) > 10)
    add(
      `e.pattern(${column(c)}, ${quote(whole)})${all ? '' : '.warn()'}`,
      `${all ? 'every value' : 'every value looked at, not all of them,'} is like ${shape?.pattern}`,
    )
  else if (text && text.shortest > 0 && text.shortest === text.longest && count > 100)
    add(
      `e.length(${column(c)}, { min: ${text.shortest}, max: ${text.longest} })`,
      `each has ${text.longest} characters`,
    )
}

/** A shape as an RE2 pattern: `AA99` is two capitals and two digits. Undefined for a shape that was cut off. */
function patternOf(shape: string): string | undefined {
  if (shape.endsWith('…')) return undefined
  const kinds: Readonly<Record<string, string>> = { '9': '[0-9]', a: '[a-z]', A: '[A-Z]', 가: '[가-힣]' }
  const runs = [...shape.matchAll(/(.)\1*/gsu)].map(([run, c = '']) => {
    const n = [...run].length
    const one = kinds[c] ?? c.replace(/[.*+?^${}()|[\]\\]/, '\\$&')
    return n > 1 ? `${one}{${n}}` : one
  })
  return `^${runs.join('')}$`
}

const NAME = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u
const column = ({ name }: ColumnProfile): string => (NAME.test(name) ? `r.${name}` : `r[${quote(name)}]`)
/** Text as TypeScript writes it. */
const quote = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
const integer = (n: number): string => n.toLocaleString('en-US')
const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`
