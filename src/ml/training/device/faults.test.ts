import { expect, test } from 'vitest'
import { createLedger } from '../../../engines/ledger.ts'
import type { Device } from '../../../engines/webgpu/device.ts'
import { onDevice, testDevice } from '../../../engines/webgpu/learn/testing.ts'
import { Transfers } from '../../../engines/webgpu/transfers.ts'
import { exampleRows, relationOf, EXAMPLE_SCHEMA as SCHEMA } from '../conformance.ts'
import { gbdt } from '../gbdt/gbdt.ts'
import { logistic } from '../logistic.ts'

const rows = exampleRows(400, 6)
const ctx = { signal: new AbortController().signal, progress: () => {} }

/** A device whose buffers are valid but for the `nth`, as one is for which there is no memory. */
async function refusing(nth: number): Promise<Device> {
  const real = await testDevice()
  let calls = 0
  const gpu = new Proxy(real.gpu, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (name === 'createBuffer')
        return (d: GPUBufferDescriptor) =>
          target.createBuffer(!d.mappedAtCreation && ++calls === nth ? { ...d, usage: 0 } : d)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  return { ...real, gpu }
}

test.each([
  [logistic, {}],
  [gbdt, { trees: 2, leaves: 4 }],
] as const)(
  'a buffer that the device refuses, whichever: $kind gives the host’s model, and says why',
  async (trainer, params) => {
    const task = { features: ['a', 'b', 'c'], target: 'y', params, seed: 1, threads: 1 }
    const host = await trainer.train({ ...task, train: relationOf(SCHEMA, rows) }, ctx)
    const { relation, table } = await onDevice(SCHEMA, rows)
    let faults = 0
    for (let nth = 1; nth < 40; nth += 5) {
      const device = await refusing(nth)
      const transfers = new Transfers(device, createLedger(), 2 ** 28)
      const said: string[] = []
      const train = { ...relation, table: { ...table, device, transfers } }
      const made = await trainer.train({ ...task, train }, { ...ctx, say: (why) => said.push(why) })
      transfers.close()
      faults += said.length
      if (said.length > 0) expect(made).toEqual(host)
      // a later buffer than there are: nothing was refused
      else expect(made.body['trees'] ?? made.body['iterations']).toBe(host.body['trees'] ?? host.body['iterations'])
    }
    expect(faults).toBeGreaterThan(2)
    relation.close()
  },
)
