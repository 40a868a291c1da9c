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
import type { Connector, DiscoverContext, Discovery, Finding, SourceSpec } from './connector.ts'
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
    return await (source.check?.(spec, path, ctx) ?? compared(source, spec, path, ctx))
  } catch (thrown) {
    const error = asGalleyError(thrown)
    if (error.code === 'CANCELLED') throw error
    return [
      {
        name: NAMES[error.code] ?? 'readable',
        ok: false,
        says: [error.what, error.why, error.fix].filter(Boolean).join('; '),
      },
    ]
  }
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

/** What is found there beside what is declared. */
async function compared(source: Connector, spec: SourceSpec, path: string, ctx: DiscoverContext): Promise<Finding[]> {
  const found = await source.discover(path, ROWS, ctx)
  const looked = `${found.whole ? 'all' : 'the first'} ${found.rows.toLocaleString('en-US')} rows`
  const findings: Finding[] = [{ name: 'reachable', ok: true, says: `${looked} were looked at` }]
  if (found.broken > 0)
    findings.push({
      name: 'readable',
      ok: spec.options['broken'] === 'skip',
      says: `${found.broken} of them could not be taken apart`,
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
  const ok = column.values === 0 || takes(wants, parseType(column.type))
  return { name: 'columns', ok, says: `'${name}' is declared ${typeName(wants)}: ${column.evidence}` }
}

const isNumber = (t: Type): boolean => isInteger(t) || isFloat(t) || isDecimal(t) || t === 'duration'

/** Whether values that look like one type may be what another was declared for. */
function takes(declared: Type, found: Type): boolean {
  if (declared === 'string' || declared === 'bytes' || typeName(declared) === typeName(found)) return true
  if (isNumber(declared)) return isInteger(declared) ? isInteger(found) : isNumber(found)
  if (declared === 'bool') return isInteger(found)
  return isTemporal(declared) ? isTemporal(found) : typeof declared === 'object'
}
