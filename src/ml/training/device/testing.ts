import { throwIfAborted } from '../../../base/errors.ts'
import type { Relation } from '../../../engines/engine.ts'
import { createLedger } from '../../../engines/ledger.ts'
import { Dictionary } from '../../../engines/webgpu/gather.ts'
import { testDevice } from '../../../engines/webgpu/learn/testing.ts'
import { upload } from '../../../engines/webgpu/learn/upload.ts'
import type { DeviceRelation, DeviceTable } from '../../../engines/webgpu/table.ts'
import { Transfers } from '../../../engines/webgpu/transfers.ts'
import type { Report } from '../../evaluation/evaluate.ts'
import type { TrainedModel, Trainer } from '../trainer.ts'
import { evaluateOnDevice } from './score.ts'

/** A trainer whose rows are sent up first, so that the suite of all trainers runs on the device. It never says why it can't. */
export function onDeviceOnly(trainer: Trainer): Trainer {
  return {
    ...trainer,
    async train(task, ctx) {
      const device = await testDevice()
      const transfers = new Transfers(device, createLedger(), 2 ** 30)
      const up = async (relation: Relation): Promise<DeviceRelation> => {
        const stoppable: Relation = {
          ...relation,
          async *batches(names) {
            for await (const batch of relation.batches(names)) {
              throwIfAborted(ctx.signal)
              yield batch
              await new Promise(setImmediate)
            }
          },
        }
        return { ...relation, place: 'device', table: await upload(stoppable, device, transfers, new Dictionary([])) }
      }
      try {
        const say = (why: string) => {
          throw new Error(`the device could not: ${why}`)
        }
        const validate = task.validate && { validate: await up(task.validate) }
        return await trainer.train({ ...task, train: await up(task.train), ...validate }, { ...ctx, say })
      } finally {
        transfers.close()
      }
    },
  }
}

/** One model's report on one table. */
export async function judgedOn(table: DeviceTable, model: TrainedModel, threshold = 0.5): Promise<Report> {
  const [report] = await evaluateOnDevice([{ table, model, threshold }])
  return report as Report
}
