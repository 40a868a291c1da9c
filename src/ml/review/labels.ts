import { type Column, copyFloat64, isValid, valueAt } from '../../engines/batch.ts'
import { dataError } from '../training/intake.ts'
import type { Label } from '../training/trainer.ts'

/** Labels as numbers: as they are, or places of classes. @throws TRAIN_DATA for a class that the model does not know */
export function labelNumbers(column: Column, classes: readonly Label[] | undefined, target: string): Float64Array {
  const labels = new Float64Array(column.length)
  if (!classes) {
    copyFloat64(column, labels, 0)
    return labels
  }
  const places = new Map(classes.map((label, place) => [label, place]))
  for (let i = 0; i < column.length; i++) {
    const value = column.kind === 'dictionary' && isValid(column.validity, i) ? (column.words[Number(column.codes[i])] ?? null) : valueAt(column, i) // biome-ignore format: one line
    const label = (typeof value === 'bigint' ? Number(value) : value) as Label
    const place = places.get(label)
    if (place === undefined)
      throw dataError(
        `the target "${target}" has the class ${JSON.stringify(label)}, which the model does not tell`,
        `it tells ${classes
          .slice(0, 10)
          .map((c) => JSON.stringify(c))
          .join(', ')}: leave rows of others out, or bring a model that knows them`,
        { column: target },
      )
    labels[i] = place
  }
  return labels
}
