import { GalleyError } from '../../../base/errors.ts'

/** How a batch is written: a name in the table of connectors. */
export type BatchFormat = 'json' | 'csv' | 'arrow'

/** Media types that a batch may have. JSON is an array of objects, or one object a line, under either name. */
export const MEDIA_TYPES: Readonly<Record<string, BatchFormat>> = {
  'application/json': 'json',
  'application/jsonl': 'json',
  'application/x-ndjson': 'json',
  'text/csv': 'csv',
  'application/vnd.apache.arrow.stream': 'arrow',
  'application/vnd.apache.arrow.file': 'arrow',
}

/** @throws MEDIA_TYPE_REFUSED */
export function formatOf(mediaType: string): BatchFormat {
  const name = (mediaType.split(';')[0] ?? '').trim().toLowerCase()
  const format = Object.hasOwn(MEDIA_TYPES, name) ? MEDIA_TYPES[name] : undefined
  if (format) return format
  throw new GalleyError('MEDIA_TYPE_REFUSED', {
    what: name === '' ? 'it is not said what the batch is written in' : `a batch can't be read as ${name}`,
    why: `a content-type is one of ${Object.keys(MEDIA_TYPES).join(', ')}`,
    fix: 'send it as one of these, and say so in the content-type',
  })
}
