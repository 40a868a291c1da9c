/** The options of a folder, and of objects, are its own and those of its files. Held by the compiler. */
import { arrow } from './arrow.ts'
import { csv } from './csv.ts'
import { folder } from './folder.ts'
import { json } from './json.ts'
import { parquet } from './parquet.ts'
import { s3 } from './s3.ts'

const a = folder(
  'in/*.csv',
  csv,
  { id: 'int64', n: 'string' },
  { broken: 'skip', mostBroken: '1%', settle: 3, brokenFiles: 'quarantine' },
)
const n: { id: 'int64'; n: 'string' } = a.columns
folder('in/*.parquet', parquet, { id: 'int64' }, { settle: 1 })
folder('in/*.arrow', arrow, { id: 'int64' })
folder('in/*.json', json, { id: 'int64' }, { at: 'data.items', broken: 'skip' })
s3('s3://b/in/*.csv', csv, { id: 'int64' }, { broken: 'skip' })
// @ts-expect-error
folder('in/*.csv', csv, { id: 'int64' }, { broke: 'skip' })
// @ts-expect-error
folder('in/*.csv', csv, { id: 'int64' }, { broken: 'maybe' })
// @ts-expect-error
folder('in/*.csv', csv, { id: 'int65' })
// @ts-expect-error
folder('in/*.parquet', parquet, { id: 'int64' }, { delimiter: ';' })

export { n }
