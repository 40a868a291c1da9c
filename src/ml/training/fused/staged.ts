import { GalleyError } from '../../../base/errors.ts'
import { type Batch, owned } from '../../../engines/batch.ts'
import { Dictionary } from '../../../engines/webgpu/gather.ts'
import type { WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { upload } from '../../../engines/webgpu/learn/upload.ts'
import { picked } from '../../../engines/webgpu/relation.ts'
import { type DeviceRelation, isOnDevice } from '../../../engines/webgpu/table.ts'
import { Transfers } from '../../../engines/webgpu/transfers.ts'
import { judgeOnDevice } from '../device/score.ts'
import { type Judge, oneByOne } from './host.ts'
import { askEach, type Means, prepared } from './means.ts'

/** The device computes each stage; its rows come down, and go up again for the next. */
export function inStages(engine: WebgpuEngine, budget: number): Means {
  return {
    keeps: false,
    async compute(root, ctx) {
      const relation = await prepared(engine, root).run(ctx, 'device')
      if (!isOnDevice(relation))
        throw new GalleyError('INTERNAL_BUG', { what: 'a relation did not stay on the device' })
      const { device } = relation.table
      const batches: Batch[] = []
      for await (const batch of relation.batches()) batches.push(owned(batch))
      relation.close()
      const { schema, rows } = relation
      async function* down(names?: readonly string[]) {
        for (const batch of batches) yield names ? picked(batch, names) : batch
      }
      return {
        async use(now) {
          const transfers = new Transfers(device, now.ledger, budget)
          const host = { place: 'host', schema, rows, batches: down, close: () => {} } as const
          const table = await upload(host, device, transfers, new Dictionary([]))
          const again: DeviceRelation = { ...host, place: 'device', table, close: () => transfers.close() }
          const scan = engine.scan(again, root)
          return {
            scan,
            relation: again,
            done() {
              engine.forget(scan)
              again.close()
            },
          }
        },
        close: () => void batches.splice(0),
      }
    },
    ask: (queries, ctx) => askEach(engine, queries, ctx),
    learn: (task, ctx) => oneByOne(task, ctx, judgeThere),
  }
}

const judgeThere: Judge = async (_, model, parts, ctx) => {
  const [validate, test] = [await parts.validate.use(ctx), await parts.test.use(ctx)]
  const tables = { validate: tableOf(validate.relation), test: tableOf(test.relation) }
  const judged = await judgeOnDevice([{ model, ...tables }]).finally(() => {
    validate.done()
    test.done()
  })
  return judged[0] as (typeof judged)[number]
}

const tableOf = (relation: Parameters<typeof isOnDevice>[0]) => (relation as DeviceRelation).table
