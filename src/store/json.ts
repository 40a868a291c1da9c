import { type SQL, sql } from './drizzle.ts'

/** What JSON may write of a text and PostgreSQL's can't hold: a NUL, and half of a pair. A backslash that is written itself begins none. */
const UNHELD = '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|d[89a-f][0-9a-f]{2})'
const STANDS_IN = '\\1\\\\ufffd'

/**
 * A column of JSON to be taken apart. It may hold what a program, a file or a client said, and so texts that PostgreSQL refuses to take apart: one such row would end every
 * statement that looks at it.
 */
export const jsonb = (column: SQL): SQL =>
  sql`(case when position('\\u' in ${column}::text) = 0 then ${column}::text else regexp_replace(${column}::text, ${UNHELD}, ${STANDS_IN}, 'g') end)::jsonb`
