import { GalleyError } from '../../base/errors.ts'
import { type Batch, type Column, type DictionaryColumn, fixedArray } from '../batch.ts'
import { generate } from './code.ts'
import { allValid, asDictionary, intern } from './columns.ts'
import { type Emitted, Emitter, type Target } from './emitter.ts'
import type { Models } from './interpret.ts'
import type { Program, Val } from './lower.ts'
import { isLong, repOf, type Variant } from './reps.ts'
import { WordFunctions } from './wordtable.ts'

/** How a column comes out: as it came in, in typed arrays, as codes over words, or as JavaScript values. */
export type Out =
  | { readonly kind: 'pass'; readonly index: number }
  /** `words`: written as pairs of 32 bits. */
  | { readonly kind: 'fixed'; readonly nullable: boolean; readonly words: boolean }
  | { readonly kind: 'text'; readonly nullable: boolean; dictionary(): readonly string[] }
  | { readonly kind: 'object'; readonly nullable: boolean }

/** One compiled form of a program over batches. */
export interface BatchCode {
  readonly outs: readonly Out[]
  /** Whether the rows that survive must be noted, for columns that pass as they are. */
  readonly picks: boolean
  readonly source: string
  /** What the code reads of a batch. @throws Beyond */
  bind(batch: Batch): unknown[]
  /** Rows that came out, or the complement of the id of a value that went beyond 2⁵³. */
  run(
    rows: number,
    given: readonly unknown[],
    out: readonly unknown[],
    bitmaps: readonly unknown[],
    picked: Int32Array,
  ): number
}

/** Words that computed text is kept over until there are so many. */
const WORDS = 65_536

/** Writes one loop over the rows of a batch. `fail` raises what failed in a row. */
export function batchCode(program: Program, variant: Variant, models: Models, fail: (row: number) => never): BatchCode {
  const readers: ((batch: Batch, dictionaries: DictionaryColumn[]) => unknown)[] = []
  const given = new Map<string, string>()
  const head: string[] = []
  const read = (key: string, reader: (batch: Batch, dictionaries: DictionaryColumn[]) => unknown): string => {
    let name = given.get(key)
    if (name === undefined) {
      given.set(key, (name = `a${readers.length}`))
      head.push(`  const ${name} = a[${readers.length}]`)
      readers.push(reader)
    }
    return name
  }
  const isWord = (val: Val): boolean =>
    val.op === 'expr' && val.expr?.op !== 'lit' && val.only >= 0 && program.input[val.only]?.type === 'string'
  const inputs = new Map(program.vals.filter((v) => v.op === 'input').map((v) => [v.index, v]))

  const functions = new Map<number, WordFunctions>()
  const wordLeaf = (e: Emitter, val: Val): Emitted => {
    const input = e.emit(inputs.get(val.only) as Val)
    const rep = repOf(val, variant)
    let words = functions.get(val.only)
    if (!words) functions.set(val.only, (words = new WordFunctions(models, input.may)))
    const table = words.table(val, rep)
    const at = (d: DictionaryColumn[]) => table((d[val.only] as DictionaryColumn).words)
    const may = words.may(val)
    const s = may === 0 ? '0' : e.set(`${read(`states ${val.id}`, (_, d) => at(d).states)}[${input.code}]`)
    const v = `${read(`values ${val.id}`, (_, d) => at(d).values)}[${input.code}]`
    const long = isLong(val.type)
    return {
      v: rep === 'str' ? v : e.set(v),
      s,
      may,
      rep,
      nan: rep === 'num' && !long,
      low: val.expr?.op === 'call' && (val.expr.fn === 'length' || val.expr.fn === 'hash32') ? 0 : -(2 ** 53),
      high: val.expr?.op === 'call' && val.expr.fn === 'length' ? 2 ** 30 : 2 ** 53,
      ...(rep === 'str' ? { code: input.code as string, table: at } : {}),
    }
  }
  const target: Target = {
    whole: isWord,
    bail: (id) => `return ${~id}`,
    leaf: (e, val) => (val.op === 'input' ? load(e, val, variant, read) : isWord(val) ? wordLeaf(e, val) : undefined),
  }
  const e = new Emitter(program, variant, models, target, 2)

  for (const step of program.steps) {
    if (step.op !== 'test')
      throw new GalleyError('ENGINE_GAP', {
        what: 'the row engine joins no batches',
        why: 'it looks up one record at a time',
      })
    const condition = e.emit(step.val)
    if (condition.may & 2) e.line(`if (${condition.s} >= 2) return fail(i)`)
    e.line(`if (${step.wanted ? '!' : ''}${condition.v}) continue`)
  }
  const emitted = program.outputs.map((val) => (val.op === 'input' ? undefined : e.emit(val)))
  const fails = emitted.filter((a): a is Emitted => a !== undefined && (a.may & 2) !== 0).map((a) => a.s)
  if (fails.length > 0) e.line(`if ((${[...new Set(fails)].join(' | ')}) & 2) return fail(i)`)
  const passes = emitted.includes(undefined)
  const picks = passes && program.steps.length > 0
  if (picks) e.line('picked[o] = i')
  const flush: string[] = []
  const tables: ((d: DictionaryColumn[]) => { values: unknown })[] = []
  let dictionaries: DictionaryColumn[] = []
  const outs = program.outputs.map((val, j): Out => {
    const a = emitted[j]
    if (a === undefined) return { kind: 'pass', index: val.index }
    head.push(`  const o${j} = out[${j}]`)
    const nullable = (a.may & 1) !== 0
    if (nullable) {
      head.push(`  const b${j} = bitmaps[${j}]`, `  let q${j} = 0`)
      e.line(`q${j} |= (${a.s} ^ 1) << (o & 7)`)
      flush.push(`b${j}[o >> 3] = q${j}; q${j} = 0`)
    }
    return store(e, val, a, j, nullable, {
      table: (f) => {
        tables.push(f)
        return () => f(dictionaries).values as readonly string[]
      },
    })
  })
  if (flush.length > 0) e.line(`if ((o & 7) === 7) { ${flush.join('; ')} }`)
  e.line('o++')
  const computes = program.steps.length > 0 || emitted.some((a) => a !== undefined)
  const code = computes
    ? [
        ...head,
        '  let o = 0',
        '  for (let i = 0; i < n; i++) {',
        e.code,
        '  }',
        ...(flush.length > 0 ? [`  if (o & 7) { ${flush.join('; ')} }`] : []),
        '  return o',
      ].join('\n')
    : '  return n'
  const made = generate<BatchCode['run']>('batch(n, a, out, bitmaps, picked)', code, e.constants, { fail })
  return {
    outs,
    picks,
    source: made.source,
    run: made.run,
    bind(batch) {
      dictionaries = []
      for (const i of texts(given)) dictionaries[i] = asDictionary(batch.columns[i] as Column)
      return readers.map((reader) => reader(batch, dictionaries))
    },
  }
}

type Read = (key: string, reader: (batch: Batch, dictionaries: DictionaryColumn[]) => unknown) => string

const texts = (given: ReadonlyMap<string, string>): number[] =>
  [...given.keys()].filter((k) => k.startsWith('codes ')).map((k) => Number(k.slice(6)))

/** Reads row `i` of a column. */
function load(e: Emitter, val: Val, variant: Variant, read: Read): Emitted {
  const place = val.index
  const column = (batch: Batch) => batch.columns[place] as Column
  const nullable = e.program.input[place]?.nullable !== false || variant.nullable.has(place)
  const rep = repOf(val, variant)
  let s = '0'
  if (nullable) {
    const bitmap = read(`validity ${place}`, (batch) => column(batch).validity ?? allValid(batch.rows))
    s = e.set(`(${bitmap}[i >> 3] >> (i & 7) & 1) ^ 1`)
  }
  const base: Emitted = { v: '', s, may: nullable ? 1 : 0, rep, nan: false, low: -(2 ** 53), high: 2 ** 53 }
  const there = (code: string, zero: string) => e.set(nullable ? `${s} === 0 ? ${code} : ${zero}` : code)
  if (rep === 'str') {
    const codes = read(`codes ${place}`, (_, d) => (d[place] as DictionaryColumn).codes)
    const words = read(`words ${place}`, (_, d) => (d[place] as DictionaryColumn).words)
    const count = nullable ? read(`count ${place}`, (_, d) => (d[place] as DictionaryColumn).words.length) : ''
    const code = there(`${codes}[i]`, count)
    return { ...base, v: nullable ? `(${s} === 0 ? ${words}[${code}] : '')` : `${words}[${code}]`, code }
  }
  if (rep === 'num' && isLong(val.type)) {
    const words = read(`pairs ${place}`, (batch) => {
      const { values } = column(batch) as { values: BigInt64Array }
      return new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    })
    const v = e.name()
    e.line(`let ${v} = 0`)
    e.block(nullable ? `if (${s} === 0)` : '', () => {
      const high = e.set(`${words}[2 * i + 1]`)
      e.line(`if ((${high} + 0x200000) >>> 0 >= 0x400000) ${e.target.bail(val.id)}`)
      e.line(`${v} = ${high} * 4294967296 + (${words}[2 * i] >>> 0)`)
    })
    return { ...base, v }
  }
  const values = read(`values of ${place}`, (batch) => (column(batch) as { values: unknown }).values)
  if (rep === 'bool') return { ...base, v: e.set(`${nullable ? `${s} === 0 && ` : ''}${values}[i] !== 0`) }
  if (rep === 'any') return { ...base, v: there(`${values}[i]`, 'null') }
  if (rep === 'big') return { ...base, v: there(`${values}[i]`, '0n') }
  const integer = val.type === 'int32' || val.type === 'date'
  return { ...base, v: e.set(`${values}[i]`), nan: !integer, ...(integer ? { low: -(2 ** 31), high: 2 ** 31 } : {}) }
}

type Table = (d: DictionaryColumn[]) => { values: unknown }

/** Writes row `o` of output `j`. */
function store(
  e: Emitter,
  val: Val,
  a: Emitted,
  j: number,
  nullable: boolean,
  run: { table(f: Table): () => readonly string[] },
): Out {
  if (a.rep === 'str') {
    if (a.code !== undefined && a.table) {
      e.line(`o${j}[o] = ${a.code}`)
      return { kind: 'text', nullable, dictionary: run.table(a.table) }
    }
    let words: string[] = []
    let index = new Map<string, number>()
    const code = e.bind((word: string) => intern(index, words, word))
    e.line(`o${j}[o] = ${nullable ? `${a.s} === 0 ? ${code}(${a.v}) : 0` : `${code}(${a.v})`}`)
    return {
      kind: 'text',
      nullable,
      dictionary() {
        const held = words
        if (held.length > WORDS) {
          words = []
          index = new Map()
        }
        return held
      },
    }
  }
  if (a.rep === 'num' && isLong(val.type)) {
    const high =
      a.low >= 0 && a.high < 2 ** 31
        ? '0'
        : a.low >= -(2 ** 31) && a.high < 2 ** 31
          ? `${a.v} < 0 ? -1 : 0`
          : `Math.floor(${a.v} * ${2 ** -32})`
    e.line(`o${j}[2 * o] = ${a.v}; o${j}[2 * o + 1] = ${high}`)
    return { kind: 'fixed', nullable, words: true }
  }
  const fixed = fixedArray(val.type, 0) !== undefined
  if (!fixed) e.line(`o${j}[o] = ${nullable ? `${a.s} === 0 ? ${a.v} : null` : a.v}`)
  else if (a.rep === 'bool') e.line(`o${j}[o] = ${a.v} ? 1 : 0`)
  else if (a.rep === 'any') e.line(`if (${a.s} === 0) o${j}[o] = ${a.v}`)
  else e.line(`o${j}[o] = ${a.v}`)
  return fixed ? { kind: 'fixed', nullable, words: false } : { kind: 'object', nullable }
}
