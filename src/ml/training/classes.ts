import { GalleyError } from '../../base/errors.ts'
import type { FitRow } from '../../plan/fits/index.ts'
import { badLabel, type ClassCounts } from './intake.ts'
import { unseen } from './labels.ts'
import type { Label } from './trainer.ts'

/** A part's rows by class, from the rows of each value of the target (`countsQuery`). @throws TRAIN_DATA naming the part and what it holds */
export function checkPart(part: keyof typeof PURPOSE, target: string, rows: readonly FitRow[]): ClassCounts {
  const classes = rows.filter((r) => r['key'] !== null)
  const of = (some: typeof rows) => some.reduce((n, r) => n + Number(r['rows']), 0)
  const total = of(rows)
  if (classes.length > 1 || (part === 'test' && total > 0))
    return { rows: total, positives: of(rows.filter((r) => Number(r['key']) === 1)) }
  const found = rows.map((r) => `${String(r['key'])}: ${Number(r['rows']).toLocaleString('en-US')}`)
  throw new GalleyError('TRAIN_DATA', {
    what: total === 0 ? `the part '${part}' has no rows` : `the part '${part}' knows one class of '${target}' only`,
    why:
      total === 0
        ? `no row of the dataset lies in it, and ${PURPOSE[part]}`
        : `it has ${total.toLocaleString('en-US')} rows (${found.join(', ')}), and ${PURPOSE[part]}`,
    fix: 'move the borders of the split so that each part has rows of both classes',
    details: { part, rows: total },
  })
}

/** A part of rows whose target is a number. @throws TRAIN_DATA where it has none */
export function checkRows(part: keyof typeof PURPOSE, rows: number): void {
  if (rows === 0) checkPart(part, '', [])
}

/** A part's classes; `training` has those of the training rows. @throws TRAIN_DATA for no rows, and a class that the training rows do not have */
export function checkPartClasses(
  part: keyof typeof PURPOSE,
  target: string,
  rows: readonly FitRow[],
  training: readonly FitRow[],
): void {
  checkRows(part, rows.length)
  if (part === 'train') checkPart(part, target, rows)
  const known = new Set(training.map((r) => r['key']))
  const other = rows.find((r) => r['key'] !== null && !known.has(r['key'] ?? null))
  if (other) throw unseen(other['key'] as Label, target, `the part '${part}'`)
}

const PURPOSE = {
  train: 'a model learns what tells two classes apart',
  validate: 'the best candidate is chosen by how well it tells two classes apart',
  test: 'the report says how well the model does on rows that nobody has seen',
}

/** Makes sure that all labels are 0 or 1; rows as `checkPart` reads them. @throws TRAIN_DATA naming the first that is not */
export function checkLabels(target: string, rows: readonly FitRow[]): void {
  for (const { key: label = null } of rows) {
    const value = label === null ? Number.NaN : Number(label)
    if (value !== 0 && value !== 1) throw badLabel(value, target)
  }
}
