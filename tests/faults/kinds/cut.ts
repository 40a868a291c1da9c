import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openGround, socketOf } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { worker } from '../workers.ts'

/** A way to the database of a data folder that can be cut: torn, or silent for as long as it says. */
async function wireTo(home: string) {
  const wires = new Set<Socket>()
  let [silent, shut] = [false, false]
  const tear = () => {
    for (const wire of wires) wire.destroy()
    wires.clear()
  }
  const way = createServer((socket) => {
    if (shut) return void socket.destroy()
    const { folder, port } = socketOf(home)
    const other = connect(join(folder, `.s.PGSQL.${port}`))
    for (const [a, b] of [
      [socket, other],
      [other, socket],
    ] as const) {
      wires.add(a)
      a.on('data', (bytes) => silent || b.write(bytes))
        .on('error', () => {})
        .on('close', () => {
          wires.delete(a)
          b.destroy()
        })
    }
  })
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve))
  return {
    url: `postgres://galley@127.0.0.1:${(way.address() as AddressInfo).port}/postgres`,
    async cut(ms: number, quietly: boolean) {
      silent = quietly
      shut = !quietly
      if (shut) tear()
      await sleep(ms)
      silent = false
      shut = false
      // what was said meanwhile is lost: such a wire is of no more use
      if (quietly) tear()
    },
    close: () => void way.close(),
  }
}

export const workerCut: Kind = {
  name: 'cut',
  what: 'a worker is cut from the database while it works, torn or silent, for a moment or beyond its lease, and returns',
  async open() {
    const ground = await openGround()
    const wire = await wireTo(ground.home)
    const near = await worker(ground)
    const far = await worker(ground, { env: { GALLEY_DATABASE_URL: wire.url } })
    return roundsOf({
      ground,
      alive: () => [near, far],
      close: wire.close,
      async fault(random, dataset) {
        await ground.queue(dataset, 4)
        await sleep(between(random, 0, 400))
        const long = random() < 0.3
        await wire.cut(long ? between(random, 2200, 3500) : between(random, 20, 1200), random() < 0.5)
      },
    })
  },
}
