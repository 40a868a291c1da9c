import { resolve } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { resolveSecret, secret } from '../../base/secrets.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { connector } from '../../data/connectors/index.ts'

/** How a place that is no file is reached, and what becomes of what is there. */
export interface PlaceOptions {
  readonly overwrite?: boolean
  readonly append?: boolean
  readonly connection?: string
  readonly endpoint?: string
  readonly region?: string
}

interface Place {
  readonly path: string
  readonly kind: string
  readonly options?: SourceSpec['options']
  readonly overwrite?: boolean
}

/** What is written to, from the command line. `batch` names what is added to a table, so that it is added once. @throws USAGE_INVALID */
export async function placeOf(
  target: string,
  kind: string,
  o: PlaceOptions,
  { batch, signal }: { readonly batch: string; readonly signal: AbortSignal },
): Promise<Place> {
  if (kind === 'postgres') return tableOf(target, o, batch)
  if (o.append)
    throw new GalleyError('USAGE_INVALID', {
      what: '--append is not taken here',
      why: 'rows are added to tables of PostgreSQL only; a file or an object is written as a whole',
      fix: 'leave it out',
    })
  if (kind !== 's3') return { path: resolve(target), kind, ...(o.overwrite ? { overwrite: true } : {}) }
  const options: SourceSpec['options'] = {
    ...(o.connection === undefined ? {} : { credentials: secret(o.connection) }),
    ...(o.endpoint === undefined ? {} : { endpoint: o.endpoint }),
    ...(o.region === undefined ? {} : { region: o.region }),
  }
  if (!o.overwrite) {
    const store = await connector('s3')
    const spec = { connector: 's3', path: target, columns: {}, options }
    for await (const { id } of store.parts?.(spec, target, { signal, secret: resolveSecret }) ?? [])
      throw new GalleyError('USAGE_INVALID', {
        what: `there is an object at ${id} already`,
        why: 'it would be replaced',
        fix: 'say --overwrite, or name another key',
      })
  }
  return { path: target, kind, options }
}

function tableOf(target: string, o: PlaceOptions, batch: string): Place {
  const [, schema, table = ''] = /^postgres:(?:([^.]+)\.)?([^.]+)$/.exec(target) ?? []
  const wrong = (what: string, why: string, fix: string) => new GalleyError('USAGE_INVALID', { what, why, fix })
  if (table === '') throw wrong(`${target} names no table`, 'a table is needed, its schema may stand before it', 'write postgres:orders, or postgres:shop.orders') // biome-ignore format: one line
  if (o.connection === undefined)
    throw wrong('it is not said which server is meant', 'its address is a secret', 'say --connection SHOP_DB, and set GALLEY_SECRET_SHOP_DB to postgres://…') // biome-ignore format: one line
  if ((o.append === true) === (o.overwrite === true))
    throw wrong('it is not said what becomes of rows that are there', 'a table may have some', 'say --append, which adds a version once, or --overwrite, which puts it in their place') // biome-ignore format: one line
  const options = {
    connection: secret(o.connection),
    ...(schema === undefined ? {} : { schema }),
    ...(o.append ? { mode: 'append', batch } : {}),
  }
  return { path: table, kind: 'postgres', options }
}
