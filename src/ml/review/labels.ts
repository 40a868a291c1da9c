import { type Column, copyFloat64, isValid, valueAt } from '../../engines/batch.ts'
import { unseen } from '../training/labels.ts'
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
    if (place === undefined) throw unseen(label, target)
    labels[i] = place
  }
  return labels
}
