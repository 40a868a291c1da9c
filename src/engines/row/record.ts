import type { Tuple } from '../closures.ts'
import { raise, type Slot } from '../failure.ts'
import { canGenerate, generate } from './code.ts'
import { type Emitted, Emitter, type Target } from './emitter.ts'
import { interpreter, lazily, type Models } from './interpret.ts'
import type { Externals, Program, Refusal, Val } from './lower.ts'
import { refused } from './lower.ts'
import { isLong, repOf, type Variant, variantOf, ZERO } from './reps.ts'

/** A row in, a row or a refusal out. @throws VALUE_INVALID where the row that comes out uses a value that failed */
export type RecordFunction = (row: Tuple) => Tuple | Refusal

export interface CompileOptions {
  readonly models: Models
  readonly externals?: Externals
  /** Closures in the place of generated code, as where generating code is disallowed. */
  readonly closures?: boolean
}

/** After so many records in which a value went beyond 2⁵³, it is held as bigint from the start. */
const PATIENCE = 32

/** A program as a function of one record, and its source. */
export function compileRecord(program: Program, options: CompileOptions): { run: RecordFunction; source(): string } {
  const interpret = lazily(() => interpreter(program, options.models, options.externals))
  const exact: RecordFunction = (row) => {
    const out = interpret(row)
    return refused(out) ? out : out.map(raise)
  }
  if (options.closures || !canGenerate()) return { run: exact, source: () => 'closures, row by row' }
  const wide = new Set<number>()
  const beyond = new Map<number, number>()
  let widest: RecordFunction | undefined
  const bail = (id: number, row: Tuple): Tuple | Refusal => {
    const count = (beyond.get(id) ?? 0) + 1
    beyond.set(id, count)
    if (count === PATIENCE) {
      wide.add(id)
      compiled = compile(variantOf(wide))
    }
    widest ??= compile(variantOf('all')).run
    return widest(row)
  }
  const compile = (variant: Variant) => recordCode(program, variant, options.models, bail, exact)
  let compiled = compile(variantOf(wide))
  return { run: (row) => compiled.run(row), source: () => compiled.source }
}

/** The code of one variant. `exact` answers for rows that the code does not fit, and raises what failed. */
function recordCode(
  program: Program,
  variant: Variant,
  models: Models,
  bail: (id: number, row: Tuple) => Tuple | Refusal,
  exact: RecordFunction,
): { run: RecordFunction; source: string } {
  const target: Target = {
    whole: () => false,
    bail: (id) => (variant.wide === 'all' ? 'return exact(row)' : `return bail(${id}, row)`),
    leaf(e, val) {
      if (val.op === 'expr') return undefined
      return load(e, val, val.op === 'input' ? `row[${val.index}]` : `c${val.call}[${val.index}]`)
    },
  }
  const e = new Emitter(program, variant, models, target)
  for (const step of program.steps) {
    if (step.op === 'test') {
      const condition = e.emit(step.val)
      if (condition.may & 2) e.line(`if (${condition.s} >= 2) return exact(row)`)
      e.line(`if (${step.wanted ? '!' : ''}${condition.v}) return ${e.bind(step.refusal)}`)
    } else {
      const args = step.args.map((arg) => {
        const a = e.emit(arg)
        if (a.may & 2) e.line(`if (${a.s} >= 2) return exact(row)`)
        return e.slot(a, arg)
      })
      const call = e.bind((values: Slot[]) => step.external.call(values as Tuple))
      e.line(`const c${step.call} = ${call}([${args.join(', ')}])`)
      e.line(`if (!Array.isArray(c${step.call})) return c${step.call}`)
    }
  }
  const outputs = program.outputs.map((val) => (val.op === 'input' ? undefined : e.emit(val)))
  const fails = outputs.filter((a): a is Emitted => a !== undefined && (a.may & 2) !== 0).map((a) => a.s)
  if (fails.length > 0) e.line(`if ((${[...new Set(fails)].join(' | ')}) & 2) return exact(row)`)
  const values = program.outputs.map((val, i) => {
    const a = outputs[i]
    if (a === undefined) return `row[${val.index}]`
    return a.may & 1 ? `${a.s} === 0 ? ${e.box(a, val)} : null` : e.box(a, val)
  })
  e.line(`return [${values.join(', ')}]`)
  return generate<RecordFunction>('record(row)', e.code, e.constants, { bail, exact })
}

/** Reads a boxed value. What does not look like its column's type is left to `exact`. */
function load(e: Emitter, val: Val, from: string): Emitted {
  const rep = repOf(val, e.variant)
  const nullable = val.op === 'pick' || e.program.input[val.index]?.nullable !== false
  const boxed = e.set(from)
  const base: Emitted = { v: boxed, s: '0', may: 0, rep, nan: rep === 'num', low: 0, high: 0 }
  if (!nullable) e.line(`if (${boxed} === null) return exact(row)`)
  const s = nullable ? e.name() : '0'
  const may = nullable ? 1 : 0
  if (rep === 'num' && isLong(val.type)) {
    const v = e.name()
    e.line(`let ${v} = 0${nullable ? `, ${s} = 0` : ''}`)
    e.block(nullable ? `if (${boxed} === null) ${s} = 1; else` : '', () => {
      e.line(`if (typeof ${boxed} !== 'bigint') return exact(row)`)
      e.line(`${v} = ${e.use('small')}(${boxed})`)
      e.line(`if (${v} !== ${v}) ${e.target.bail(val.id)}`)
    })
    return { ...base, v, s, may, nan: false, low: -(2 ** 53), high: 2 ** 53 }
  }
  const wrong = { num: 'number', big: 'bigint', bool: 'boolean', str: 'string', any: '' }[rep]
  if (wrong !== '')
    e.line(`if (typeof ${boxed} !== '${wrong}'${nullable ? ` && ${boxed} !== null` : ''}) return exact(row)`)
  const integer = val.type === 'int32' || val.type === 'date'
  const bounds = integer ? { nan: false, low: -(2 ** 31), high: 2 ** 31 } : {}
  if (!nullable) return { ...base, ...bounds }
  e.line(`let ${s} = 0`)
  const v = e.name()
  e.line(`let ${v} = ${ZERO[rep]}`)
  e.line(`if (${boxed} === null) ${s} = 1; else ${v} = ${boxed}`)
  return { ...base, ...bounds, v, s, may }
}
