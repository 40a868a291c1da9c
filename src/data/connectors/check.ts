import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asGalleyError } from '../../base/errors.ts'
import { resolveSecret } from '../../base/secrets.ts'
import {
  isDecimal,
  isFloat,
  isInteger,
  isTemporal,
  parseType,
  type Type,
  type TypeName,
  typeName,
} from '../../plan/types.ts'
import type { Connector, DiscoverContext, Discovery, Finding, Part, SourceSpec } from './connector.ts'
import { connector, pathOf } from './index.ts'

/** Rows that a check looks at. */
const ROWS = 1000

/** Whether a source can be read as it is declared, told without reading all of it. Failures are findings, not errors. */
export async function checkSource(
  spec: SourceSpec,
  folder: string,
  at: Pick<DiscoverContext, 'signal' | 'query' | 'guard'> & { readonly temp: string },
): Promise<Finding[]> {
  let files = 0
  const temp = async () => join(at.temp, `look-${++files}`)
  const ctx: DiscoverContext = {
    ...{ signal: at.signal, query: at.query, ...(at.guard ? { guard: at.guard } : {}) },
    secret: resolveSecret,
    options: spec.options,
    temp,
  }
  try {
    const source = await connector(spec.connector)
    const path = pathOf(source, spec, folder)
    if (source.check) return await source.check(spec, path, ctx)
    const findings = await compared(source, spec, path, ctx)
    return findings.every((f) => f.ok) ? findings : await loaded(source, spec, path, ctx, findings)
  } catch (thrown) {
    return [failed(thrown)]
  }
}

function failed(thrown: unknown): Finding {
  const error = asGalleyError(thrown)
  if (error.code === 'CANCELLED') throw error
  const says = [error.what, error.why, error.fix].filter(Boolean).join('; ')
  return { name: NAMES[error.code] ?? 'readable', ok: false, says }
}

const NAMES: Readonly<Record<string, string>> = {
  SOURCE_MISSING: 'reachable',
  SOURCE_UNREACHABLE: 'reachable',
  SOURCE_REFUSED: 'credentials',
  SECRET_UNKNOWN: 'credentials',
  SECRET_INVALID: 'credentials',
  PLAN_UNKNOWN_COLUMN: 'columns',
  SOURCE_SCHEMA: 'columns',
}

/**
 * What its load says where the first rows are not as declared: the recipe may allow so many broken ones, and types that look otherwise may do.
 * Of a source in parts, the first one is read.
 */
async function loaded(
  source: Connector,
  spec: SourceSpec,
  path: string,
  ctx: DiscoverContext,
  findings: readonly Finding[],
): Promise<Finding[]> {
  const folder = await ctx.temp()
  await mkdir(folder, { recursive: true })
  try {
    const parts: Part[] = []
    for await (const part of source.parts?.(spec, path, ctx) ?? []) {
      parts.push(part)
      break
    }
    const { rows, rejected } = await source.snapshot(spec, path, {
      ...ctx,
      ...{ scope: { workspace: 'check', caller: 'check' }, progress: () => {} },
      ...(source.parts ? { parts } : {}),
      keep: async (name) => join(folder, name),
    })
    const reasons = Object.entries(rejected).map(([reason, n]) => `${reason} ${n.toLocaleString('en-US')}`)
    const broken = Object.values(rejected).reduce((a, b) => a + b, 0)
    const all = `${(rows + broken).toLocaleString('en-US')} rows${source.parts ? ' of the first part' : ''}`
    const says =
      broken === 0
        ? `all ${all} can be read as declared`
        : `${broken.toLocaleString('en-US')} of ${all} are set aside, as the recipe allows: ${reasons.join(', ')}`
    const soft = findings.map((f) => (f.ok ? f : { ...f, ok: true, warning: true }))
    return [...soft, { name: 'readable', ok: true, ...(broken > 0 ? { warning: true } : {}), says }]
  } catch (thrown) {
    return [...findings, failed(thrown)]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What is found there beside what is declared. */
async function compared(source: Connector, spec: SourceSpec, path: string, ctx: DiscoverContext): Promise<Finding[]> {
  const found = await source.discover(path, ROWS, ctx)
  const looked = `${found.whole ? 'all' : 'the first'} ${found.rows.toLocaleString('en-US')} rows`
  const findings: Finding[] = [{ name: 'reachable', ok: true, says: `${looked} were looked at` }]
  if (found.broken > 0)
    findings.push({
      name: 'readable',
      ok: false,
      says: `${found.broken} of them can't be read`,
    })
  return [...findings, ...Object.entries<TypeName>(spec.columns).map(([name, type]) => columnOf(name, type, found))]
}

function columnOf(name: string, type: TypeName, found: Discovery): Finding {
  const column = found.columns.find((c) => c.name === name)
  const wants = parseType(type)
  if (!column) {
    const has = found.columns.map((c) => c.name)
    return { name: 'columns', ok: false, says: `there is no '${name}'; there are ${has.join(', ')}` }
  }
  const ok = column.values === 0 || takes(wants, parseType(column.type), kindOf(found))
  return { name: 'columns', ok, says: `'${name}' is declared ${typeName(wants)}: ${column.evidence}` }
}

const isNumber = (t: Type): boolean => isInteger(t) || isFloat(t) || isDecimal(t) || t === 'duration'

/** What kind of file was looked at, wherever it lies. */
const kindOf = ({ connector, options }: Discovery): string => options['of'] ?? options['format'] ?? connector

/** Whether values that look like one type may be what another was declared for. Where that is open it is not so: the source is read then. */
function takes(declared: Type, found: Type, kind: string): boolean {
  if (typeName(declared) === typeName(found)) return true
  // a cell is text whatever it looks like, other values have a type of their own
  const [cells, texts] = [kind === 'csv', kind === 'json' || kind === 'sqlite']
  if (declared === 'string') return cells || (texts && isTemporal(found))
  if (declared === 'bytes') return cells || (kind === 'json' && found === 'string')
  if (isNumber(declared)) return isInteger(declared) ? isInteger(found) : isNumber(found)
  if (declared === 'bool') return kind === 'sqlite' && isInteger(found)
  return !isTemporal(declared) && typeof declared === 'object'
}
