import { GalleyError } from '../../base/errors.ts'
import type { TensorHead } from './message.ts'
import type { InputSignature, Signature } from './signature.ts'
import { numbersOf, rangeOf } from './tensors.ts'

/** Rows of columns, by their places, as the tensors of a model; `words` has the columns that are texts, by place. A missing number is NaN. @throws VALUE_INVALID */
export function tensorsOf(
  { inputs }: Signature,
  features: readonly string[],
  columns: readonly Float64Array[],
  rows: readonly number[],
  words: ReadonlyMap<number, readonly string[]>,
): { readonly tensors: TensorHead[]; readonly pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = []
  const tensors = inputs.map((input): TensorHead => {
    const { name, type, flat } = input
    const dims = flat ? [rows.length] : [rows.length, input.features.length]
    if (type === 'string') return { name, type, dims, texts: wordsOf(input, rows, words) }
    const width = input.features.length
    const numbers = numbersOf(type, rows.length * width)
    const range = rangeOf(type)
    for (const [f, place] of input.features.entries()) {
      const column = columns[place] as Float64Array
      for (const [r, i] of rows.entries()) {
        const value = column[i] as number
        if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1]))
          throw unfit(features[place] ?? name, value, type)
        const at = r * width + f
        if (numbers instanceof BigInt64Array) numbers[at] = BigInt(value)
        else numbers[at] = value
      }
    }
    pieces.push(new Uint8Array(numbers.buffer))
    return { name, type, dims }
  })
  return { tensors, pieces }
}

function wordsOf(
  { features }: InputSignature,
  rows: readonly number[],
  words: ReadonlyMap<number, readonly string[]>,
): string[] {
  const out: string[] = []
  for (const i of rows) for (const place of features) out.push(words.get(place)?.[i] ?? '')
  return out
}

const unfit = (feature: string, value: number, type: string): GalleyError =>
  new GalleyError('VALUE_INVALID', {
    what: `the model can't take ${Number.isNaN(value) ? 'a missing value' : value} as '${feature}'`,
    why: `it takes ${type === 'bool' ? 'true or false' : `whole numbers (${type})`}`,
    fix: 'fill or correct it in the dataset, for instance with r.x.fillNull(0), or export the model with float inputs',
    details: { column: feature },
  })

/** How far a probability may lie outside of 0 to 1 by rounding. */
const SLACK = 1e-5

/**
 * What a model gave for rows `from` on, as scores: into `out`, one or a probability a class a row.
 * @throws MODEL_FAILED for other shapes and for probabilities outside of 0 to 1, VALUE_INVALID for what is no number
 */
export function scoresInto(
  out: Float64Array,
  from: number,
  rows: number,
  { signature, probabilities }: { readonly signature: Signature; readonly probabilities: boolean },
  { dims, values }: { readonly dims: readonly number[]; readonly values: Float64Array },
): void {
  const { width, takes, link, output } = signature
  if (values.length !== rows * width)
    throw new GalleyError('MODEL_FAILED', {
      what: `the model's output '${output}' has another shape than the recipe says`,
      why: `it gave ${dims.join(' × ')} numbers for ${rows} rows; ${width} a row are expected`,
      fix: 'name another output (output: …), or the classes that it gives probabilities of (classes: …)',
    })
  const n = takes.length
  for (let i = 0; i < rows; i++) {
    if (link !== 'identity') linked(values, i * width, width, link)
    for (const [k, place] of takes.entries()) {
      const value = values[i * width + place] as number
      if (!Number.isFinite(value)) throw notFinite(output, value, from + i)
      if (probabilities && !(value >= -SLACK && value <= 1 + SLACK))
        throw new GalleyError('MODEL_FAILED', {
          what: `the model's output '${output}' is ${value} in row ${from + i + 1}, and no probability`,
          fix: 'name the output of probabilities (output: …), or say logits: true where it gives log odds',
        })
      out[(from + i) * n + k] = probabilities ? Math.min(1, Math.max(0, value)) : value
    }
  }
}

const notFinite = (output: string, value: number, row: number): GalleyError =>
  new GalleyError('VALUE_INVALID', {
    what: `the model's output '${output}' is ${value} in row ${row + 1}`,
    why: 'its features may hold missing values or infinities, which the model does not take',
    fix: 'fill them in the dataset, or put an imputer into the model before it is exported',
    details: { row },
  })

/** Log odds as probabilities, in place. */
function linked(values: Float64Array, at: number, width: number, link: 'sigmoid' | 'softmax'): void {
  if (link === 'sigmoid') {
    values[at] = 1 / (1 + Math.exp(-(values[at] as number)))
    return
  }
  let [most, sum] = [Number.NEGATIVE_INFINITY, 0]
  for (let k = at; k < at + width; k++) most = Math.max(most, values[k] as number)
  for (let k = at; k < at + width; k++) sum += values[k] = Math.exp((values[k] as number) - most)
  for (let k = at; k < at + width; k++) values[k] = (values[k] as number) / sum
}
