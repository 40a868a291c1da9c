import { GalleyError } from '../../base/errors.ts'
import { BINARY, type Goal } from '../../runs/goal.ts'
import type { Label } from '../training/trainer.ts'
import type { Loaded, Port } from './message.ts'
import { isTensorType, rangeOf, type TensorType } from './tensors.ts'

/** How rows go into a model, and what of its answer is read: kept with it. */
export interface Signature {
  readonly inputs: readonly InputSignature[]
  /** Whether it takes one row at a time. */
  readonly single: boolean
  readonly output: string
  /** Numbers that it gives a row, and the places of those that are read. */
  readonly width: number
  readonly takes: readonly number[]
  /** What makes probabilities of them. */
  readonly link: 'identity' | 'sigmoid' | 'softmax'
}
export interface InputSignature {
  readonly name: string
  readonly type: TensorType
  /** Places of the features that it takes, in their order. */
  readonly features: readonly number[]
  /** Whether it is `[rows]`; else `[rows, features]`. */
  readonly flat: boolean
}

/** What a recipe says of a model. */
export interface SaidOfModel {
  readonly features: readonly string[]
  /** Features that are texts. */
  readonly texts: ReadonlySet<string>
  readonly goal?: Goal
  readonly inputs?: Readonly<Record<string, readonly string[]>>
  readonly output?: string
  readonly classes?: readonly Label[]
  readonly positive?: Label
  readonly logits?: boolean
}

/** What a model is found to be. */
export interface Understood {
  readonly signature: Signature
  /** Of a goal with several classes. */
  readonly classes: readonly Label[]
  /** That it was made with, where the file says so. */
  readonly threshold: number | null
}

const unfit = (why: string, fix: string): GalleyError =>
  new GalleyError('MODEL_INVALID', { what: 'the ONNX model does not fit its recipe', why, fix })
const list = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(', ') || 'none'

/** How a loaded model is asked, from what it declares, what travels with it and what the recipe says. @throws MODEL_INVALID */
export function signatureOf(loaded: Loaded, said: SaidOfModel): Understood {
  const inputs = inputsOf(loaded, said)
  const { notes } = loaded.file
  const single = loaded.inputs.map((port) => singleOf(port)).some(Boolean)
  const goal = said.goal ?? BINARY
  const noted = Number(notes['threshold'] || Number.NaN)
  const threshold = goal.kind === 'binary' && noted >= 0 && noted <= 1 ? noted : null
  return { ...outputOf(loaded, said, goal, { inputs, single }), threshold }
}

/** Whether an input takes one row at a time. @throws MODEL_INVALID for a number of rows that is fixed otherwise */
function singleOf({ name, shape, type }: Port): boolean {
  const [rows] = shape
  if (shape.length > 2 || shape.length === 0)
    throw unfit(
      `its input '${name}' has ${shape.length} dimensions (${shape.join(' × ') || 'none'})`,
      'Galley gives rows of features: export a model that takes [rows, features], or [rows] a column',
    )
  if (!isTensorType(type)) throw unfit(`its input '${name}' is of ${type ?? 'no tensor'}`, 'export it with float, integer, bool or string inputs') // biome-ignore format: one line
  if (typeof rows === 'number' && rows > 1)
    throw unfit(`its input '${name}' takes ${rows} rows at a time, neither more nor less`, 'export it with a dynamic number of rows (dynamic_axes, dynamic_shapes)') // biome-ignore format: one line
  return rows === 1
}

function inputsOf({ inputs, file }: Loaded, said: SaidOfModel): InputSignature[] {
  const names = inputs.map((i) => i.name)
  const { features } = said
  const strange = Object.keys(said.inputs ?? {}).find((name) => !names.includes(name))
  if (strange !== undefined) throw unfit(`the recipe names an input '${strange}'`, `name the model's: ${list(names)}`)
  const taken = new Set<string>()
  const made = inputs.map((port): InputSignature => {
    const own = said.inputs?.[port.name] ?? (inputs.length === 1 ? ordered(features, file.notes['features']) : [port.name]) // biome-ignore format: one line
    const places = own.map((name) => features.indexOf(name))
    if (places.includes(-1))
      throw unfit(
        `its input '${port.name}' is no feature`,
        `the features are ${list(features)}: name one so, or say which it takes: inputs: { '${port.name}': ['…'] }`,
      )
    for (const name of own) taken.add(name)
    singleOf(port)
    const type = port.type as TensorType
    const [, width] = port.shape
    if (port.shape.length === 1 ? own.length !== 1 : typeof width === 'number' && width !== own.length)
      throw unfit(
        `its input '${port.name}' takes ${port.shape.length === 1 ? 1 : width} features, and the recipe gives it ${own.length}`,
        'name the features that it was made with, in their order',
      )
    for (const name of own) checkType(port, name, said.texts.has(name))
    return { name: port.name, type, features: places, flat: port.shape.length === 1 }
  })
  const idle = features.filter((f) => !taken.has(f))
  if (idle.length > 0) throw unfit(`it has no input for ${list(idle)}`, `its inputs are ${list(names)}: leave the others out of features`) // biome-ignore format: one line
  return made
}

function checkType({ name, type }: Port, feature: string, text: boolean): void {
  if ((type === 'string') === text) return
  throw unfit(
    text ? `'${feature}' is a text, and its input '${name}' takes ${type}` : `'${feature}' is a number, and its input '${name}' takes texts`,
    text ? 'encode it in the dataset as the model was taught to' : `derive a text of it in the dataset: r.${feature}.cast('string')`,
  ) // biome-ignore format: one line
}

/** The recipe's features in the order that the file notes, where it notes the same ones. */
function ordered(features: readonly string[], note: string | undefined): readonly string[] {
  const noted = parsed(note)
  const same = Array.isArray(noted) && noted.length === features.length && features.every((f) => noted.includes(f))
  return same ? (noted as string[]) : features
}

function parsed(note: string | undefined): unknown {
  try {
    return note === undefined ? undefined : JSON.parse(note)
  } catch {
    return undefined
  }
}

/** Outputs that hold numbers: of what maps are made of, the tensor. */
const isNumbers = ({ type }: Port): boolean =>
  type !== null && isTensorType(type) && type !== 'string' && type !== 'bool'
const widthOf = ({ shape }: Port): number | undefined =>
  shape.length === 1 ? 1 : typeof shape[1] === 'number' ? shape[1] : undefined

function outputOf(
  { outputs, file }: Loaded,
  said: SaidOfModel,
  goal: Goal,
  rest: Pick<Signature, 'inputs' | 'single'>,
): Omit<Understood, 'threshold'> {
  const names = outputs.map((o) => o.name)
  const wanted = said.output === undefined ? undefined : (file.maps[said.output]?.probabilities ?? said.output)
  if (wanted !== undefined && !names.includes(wanted))
    throw unfit(`it has no output '${wanted}'`, `its outputs are ${list(names)}`)
  const tensors = new Set(Object.values(file.maps).map((m) => m.probabilities))
  const float = (o: Port) => isNumbers(o) && rangeOf(o.type as TensorType) === undefined
  const port =
    outputs.find((o) => o.name === wanted) ??
    outputs.find((o) => tensors.has(o.name)) ??
    outputs.find((o) => float(o) && goal.kind !== 'regression' && (widthOf(o) ?? 2) > 1) ??
    outputs.find(float) ??
    (goal.kind === 'regression' ? outputs.find(isNumbers) : undefined)
  if (!port || !isNumbers(port))
    throw unfit(
      `it has no output of ${goal.kind === 'regression' ? 'numbers' : 'probabilities'}: its outputs are ${outputs.map((o) => `'${o.name}' (${o.type ?? 'no tensor'})`).join(', ')}`,
      'export it with probabilities, not labels alone (LightGBM: zipmap=False; a classifier of PyTorch: its logits)',
    )
  const maps = Object.values(file.maps).find((m) => m.probabilities === port.name)
  const width = widthOf(port)
  const classes = (said.classes ?? maps?.classes ?? parsed(file.notes['classes'])) as readonly Label[] | undefined
  const link = said.logits ? (goal.kind === 'multiclass' || (width ?? 1) > 1 ? 'softmax' : 'sigmoid') : 'identity'
  const of = { ...rest, output: port.name, link } as const
  if (goal.kind === 'regression') {
    if (width !== undefined && width !== 1) throw unfit(`its output '${port.name}' gives ${width} numbers a row`, `a regression gives one: name another output of ${list(names)}`) // biome-ignore format: one line
    return { signature: { ...of, width: 1, takes: [0] }, classes: [] }
  }
  if (goal.kind === 'multiclass') {
    if (!Array.isArray(classes) || classes.length < 2)
      throw unfit('which classes it tells apart is not in the file', "say them in the order of its output: classes: ['…', '…', '…']") // biome-ignore format: one line
    if (width !== undefined && width !== classes.length)
      throw unfit(`its output '${port.name}' gives ${width} numbers a row, and there are ${classes.length} classes`, 'name each class, in the order of the output') // biome-ignore format: one line
    return { signature: { ...of, width: classes.length, takes: classes.map((_, k) => k) }, classes }
  }
  const columns = width ?? classes?.length ?? 1
  if (columns > 2 && said.positive === undefined)
    throw unfit(`its output '${port.name}' gives ${columns} probabilities a row`, "the goal is binary: say which class counts as true (positive: '…'), or goal: 'multiclass'") // biome-ignore format: one line
  return { signature: { ...of, width: columns, takes: [positiveOf(columns, classes, said.positive)] }, classes: [] }
}

/** The place of the probability that the target is true: that of a class that is named so, else the last of two. */
function positiveOf(columns: number, classes: readonly Label[] | undefined, positive: Label | undefined): number {
  if (columns === 1) return 0
  const place = (classes ?? [0, 1]).findIndex((c) => String(c) === String(positive ?? classes?.[1] ?? 1))
  if (place >= 0 && place < columns) return place
  throw unfit(`it tells no class ${JSON.stringify(positive)}`, `its classes are ${JSON.stringify(classes ?? [0, 1])}`)
}
