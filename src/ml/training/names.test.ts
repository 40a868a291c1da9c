import { expect, test } from 'vitest'
import { candidateNames } from './names.ts'

test('candidates of one trainer are told apart by the parameters in which they differ', () => {
  const linear = (params: Record<string, unknown>) => ({ trainer: 'linear', params })
  expect(
    candidateNames([
      { trainer: 'baseline', params: { by: ['구Rate'] } },
      linear({ l2: 0, tolerance: 1e-6 }),
      linear({ l2: 10, tolerance: 1e-6 }),
      linear({ l1: 50, l2: 10, tolerance: 1e-6 }),
      { trainer: 'gbdt', params: { trees: 50 } },
    ]),
  ).toEqual(['baseline', 'linear l2=0', 'linear l2=10', 'linear l1=50 l2=10', 'gbdt'])
  const trees = (params: Record<string, unknown>) => ({ trainer: 'gbdt', params })
  expect(candidateNames([trees({}), trees({ increasing: ['a', 'b'] }), trees({}), { trainer: 'onnx' }])).toEqual([
    'gbdt',
    'gbdt increasing=a,b',
    'gbdt (2)',
    'onnx',
  ])
})
