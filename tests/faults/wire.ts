import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { socketOf } from './ground.ts'

/** A way to the database of a data folder that can be cut: torn, or silent for as long as it says; and that can lose an answer. */
export async function wireTo(home: string) {
  const wires = new Set<Socket>()
  let [silent, shut] = [false, false]
  /** What is asked from here on until the one whose answer is lost; none is where it is 0. */
  let left = 0
  const tear = () => {
    for (const wire of wires) wire.destroy()
    wires.clear()
  }
  const way = createServer((near) => {
    if (shut) return void near.destroy()
    const { folder, port } = socketOf(home)
    const far = connect(join(folder, `.s.PGSQL.${port}`))
    let lost = false
    near.on('data', (bytes) => {
      if (left > 0 && --left === 0) lost = true
      if (!silent) far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (lost) near.destroy()
      else if (!silent) near.write(bytes)
    })
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      wires.add(a)
      a.on('error', () => {}).on('close', () => {
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
    /** The `n`-th thing that is asked from now on is done, and its answer is lost: the connection is torn instead. */
    lose(n: number) {
      left = n
    },
    close: () => void way.close(),
  }
}
