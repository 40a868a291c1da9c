import { GalleyError, nearest } from '../../base/errors.ts'
import type { Connector } from './connector.ts'

/** The connectors by name. A new one is one file and one line here. */
const CONNECTORS: Readonly<Record<string, () => Promise<Connector>>> = {
  csv: async () => (await import('./csv.ts')).csvConnector,
  parquet: async () => (await import('./parquet.ts')).parquetConnector,
}

/** @throws RECIPE_INVALID for a name that is not in the table */
export async function connector(kind: string): Promise<Connector> {
  const load = Object.hasOwn(CONNECTORS, kind) ? CONNECTORS[kind] : undefined
  if (load) return load()
  const close = nearest(kind, Object.keys(CONNECTORS))
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no connector '${kind}'`,
    why: `there are ${Object.keys(CONNECTORS).join(', ')}`,
    fix: close ? `did you mean '${close}'?` : 'use one of these',
  })
}
