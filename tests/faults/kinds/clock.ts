import { setTimeout as sleep } from 'node:timers/promises'
import { openGround } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between, type Random } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { killed, type Started, worker } from '../workers.ts'

const HOUR = 3_600_000
const OFF = [-24 * HOUR, -HOUR, HOUR, 24 * HOUR]

/** What Node loads first, so that a process has a time of day of its own. */
function preload(off: number): string {
  const script = `const Real = Date
class Off extends Real {
  constructor(...args) { args.length === 0 ? super(Real.now() + ${off}) : super(...args) }
  static now() { return Real.now() + ${off} }
}
globalThis.Date = Off`
  return `data:text/javascript,${encodeURIComponent(script)}`
}

export const clockOff: Kind = {
  name: 'clock',
  what: 'clocks of two workers are an hour or a day off, before and after; one of them is killed, and one with another clock starts',
  async open() {
    const ground = await openGround()
    const off = (random: Random, among = OFF) =>
      worker(ground, { preload: preload(among[between(random, 0, among.length - 1)] ?? 0) })
    // one is behind and one is ahead
    const behind = { among: OFF.slice(0, 2), now: await off(() => 0, OFF.slice(0, 2)) }
    const ahead = { among: OFF.slice(2), now: await off(() => 0, OFF.slice(2)) }
    const alive = (): Started[] => [behind.now, ahead.now]
    return roundsOf({
      ground,
      alive,
      async fault(random, dataset) {
        await ground.queue(dataset, 4)
        await sleep(between(random, 0, 500))
        const side = random() < 0.5 ? behind : ahead
        const victim = side.now
        ;[side.now] = await Promise.all([off(random, side.among), killed(victim)])
      },
    })
  },
}
