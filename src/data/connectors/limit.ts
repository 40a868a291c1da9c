import { GalleyError, nearest } from '../../base/errors.ts'
import type { TypeName } from '../../plan/types.ts'
import type { SourceSpec } from './connector.ts'

/** What is done with rows of a text that can't be read. */
export interface BrokenOptions {
  /** A broken row stops the load (`stop`, the default) or is left out, counted, and kept with its place and reason (`skip`). */
  readonly broken?: 'stop' | 'skip'
  /** With `skip`, how many broken rows stop the load all the same: a number, or a share of all rows such as `0.5%`. */
  readonly mostBroken?: number | `${number}%`
}

/** A file of text as a source, its options checked. @throws RECIPE_INVALID, naming `kind` as recipes call the connector */
export function textSource<const S extends Record<string, TypeName>>(
  kind: string,
  path: string,
  columns: S,
  options: BrokenOptions & Readonly<Record<string, unknown>>,
  known: readonly string[],
): SourceSpec<S> {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    const meant = nearest(unknown, known)
    throw new GalleyError('RECIPE_INVALID', {
      what: `${kind}() has no option '${unknown}'`,
      why: `its options are ${known.join(', ')}`,
      fix: meant ? `did you mean '${meant}'?` : 'leave it out',
    })
  }
  checkBroken(kind, options)
  return { connector: kind, path, columns, options: { ...options } as SourceSpec['options'] }
}

function checkBroken(kind: string, { broken, mostBroken }: BrokenOptions): void {
  if (broken !== undefined && broken !== 'stop' && broken !== 'skip')
    throw new GalleyError('RECIPE_INVALID', {
      what: `${kind}() can't take broken: ${JSON.stringify(broken)}`,
      why: 'a broken row stops the load, or is left out and kept',
      fix: "say 'stop' or 'skip'",
    })
  limitOf(mostBroken)
  if (mostBroken !== undefined && broken !== 'skip')
    throw new GalleyError('RECIPE_INVALID', {
      what: `${kind}() has a limit of broken rows, and does not leave any out`,
      why: "mostBroken counts only with broken: 'skip': without it the first broken row stops the load",
      fix: "say broken: 'skip' too, or leave mostBroken out",
    })
}

/** Whether so many broken rows of all are too many, by the option `mostBroken`. @throws RECIPE_INVALID */
export function limitOf(given: unknown): (broken: number, all: number) => boolean {
  const share = typeof given === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(given)?.[1] : undefined
  if (given === undefined) return () => false
  if (share !== undefined) return (broken, all) => broken * 100 > all * Number(share)
  if (typeof given === 'number' && given >= 0) return (broken) => broken > given
  throw new GalleyError('RECIPE_INVALID', {
    what: `mostBroken can't be ${JSON.stringify(given)}`,
    why: 'it is a number of rows, or a share of all rows',
    fix: "for instance { broken: 'skip', mostBroken: '0.5%' }",
  })
}
