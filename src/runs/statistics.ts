import { GalleyError } from '../base/errors.ts'
import type { Declaring } from './flow.ts'
import type { Kitchen } from './kitchen.ts'
import type { StatisticsSpec } from './specs.ts'

/** The verb of steps that ask a dataset a statistical question. */
export function asking({ add }: Pick<Declaring, 'add'>): Pick<Kitchen, 'statistics'> {
  const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line
  return {
    statistics(id, data, analysis, asked, options = {}) {
      if (data?.table === undefined)
        throw refuse(`'${id}' is given no dataset`, 'an answer names the version that was asked', "publish the table first: k.dataset('visits', visits)") // biome-ignore format: one line
      if (typeof analysis !== 'string')
        throw refuse(`'${id}' names no analysis`, 'statistics() takes a name, a dataset, an analysis and what it is asked', "write k.statistics('price-by-plan', orders, 'welch', { value: 'price', by: 'plan' })") // biome-ignore format: one line
      const wrong = Object.entries(asked ?? {}).find(([, v]) => !isSaid(v))
      if (wrong) {
        const [name, value] = wrong
        const fix = Array.isArray(value) ? `write texts: ${name}: [${value.map((v) => `'${String(v)}'`).join(', ')}]` : 'galley analyse --list tells what each analysis asks for' // biome-ignore format: one line
        throw refuse(`'${id}' is asked '${name}' with ${JSON.stringify(value)}`, 'it is the name of a column, several, or the value of a setting; what a list holds are texts', fix) // biome-ignore format: one line
      }
      const spec: StatisticsSpec = { analysis, asked: { ...asked } }
      add(id, 'statistics', [data.step], spec, options)
    },
  }
}

const isSaid = (v: unknown): boolean =>
  typeof v === 'string' || (typeof v === 'number' && Number.isFinite(v)) || (Array.isArray(v) && v.every((x) => typeof x === 'string')) // biome-ignore format: one line
