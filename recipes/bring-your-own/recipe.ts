import { byTime, constant, generate, hours, recipe, values } from 'galley'

const NUMBERS = ['tenure', 'fee', 'rise', 'calls'] as const
const TEXTS = ['contract', 'channel'] as const
const BORDERS = { train: ['2025-01-01', '2025-05-01'], validate: ['2025-05-01', '2025-06-01'], test: ['2025-06-01', '2026-01-01'] } as const // biome-ignore format: one line

export interface BringYourOwn {
  /** What the model is made with. */
  readonly by?: 'sklearn' | 'lightgbm' | 'torch'
  /** The Python that has it: its place, from this folder on or as a whole. */
  readonly python?: string
  readonly customers?: number
}

/**
 * A model that a Python script trains, served by Galley: the script runs in its own environment, sees the training rows, and leaves model.onnx; what its features are, how it is
 * judged, served and watched is the recipe's.
 */
export const bringYourOwn = ({ by = 'sklearn', python = '.venv/bin/python', customers = 3000 }: BringYourOwn = {}) =>
  recipe('bring-your-own', (k) => {
    const raw = k.source(
      'crm',
      generate('crm', {
        ...{ rows: customers, seed: 21 },
        columns: {
          customer: values.sequence({ start: 1000 }),
          asked: values.times({ start: '2025-01-01', every: hours(2) }),
          contract: values.choice(['monthly', 'one year', 'two years'], { weights: [50, 30, 20] }),
          channel: values.choice(['shop', 'online', '제휴점'], { weights: [45, 40, 15] }),
          tenure: values.uniform('int64', { min: 1, max: 96 }),
          fee: values.normal({ mean: 48, sd: 14 }),
          rise: values.normal({ mean: 1.5, sd: 4, nulls: 0.02 }),
          calls: values.uniform('int64', { min: 0, max: 9 }),
          luck: values.uniform('float64', { min: 0, max: 1 }),
        },
      }),
    )
    const features = raw
      .derive((r) => ({
        pull: r.contract
          .eq('monthly')
          .choose(constant(1.2, 'float64'), constant(-0.6, 'float64'))
          .plus(r.calls.times(0.35))
          .plus(r.rise.orElse(1.5).times(0.1))
          .minus(r.tenure.times(0.02))
          .minus(1.6),
      }))
      .derive((r) => ({ left: r.luck.lt(r.pull.neg().exp().plus(1).pow(-1)) }))
      .drop('pull', 'luck')
    const data = k.dataset('customer-months', features, { moment: 'asked', split: byTime('asked', BORDERS) })

    const trained = k.process('trained', {
      command: [python, `train_${by}.py`],
      // the packages of a virtual environment are told by this file: once it changes, the script runs again
      files: [`train_${by}.py`, 'requirements.txt'],
      tables: { known: data.table.filter((r) => r.asked.lt(BORDERS.train[1])), rows: data.table },
      params: { numbers: NUMBERS, texts: TEXTS, target: 'left' },
      limits: { seconds: 600 },
      gives: { customer: 'int64', score: 'float64' },
      leaves: { model: 'model.onnx' },
    })
    k.dataset('python-scores', trained.table)

    const model = k.onnx('may-leave-too', data, {
      file: trained.files.model,
      target: 'left',
      features: by === 'sklearn' ? [...NUMBERS, ...TEXTS] : NUMBERS,
      logits: by === 'torch',
      gate: (m) => m.validate.auc.gt(0.65),
    })
    k.evaluate('may-leave-too-review', model, { segments: ['channel'], resamples: 200 })
    k.serve('may-leave-too-live', model, { entry: 'crm', input: ['asked', ...NUMBERS, ...TEXTS] })
  })

export default bringYourOwn()
