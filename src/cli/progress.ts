import { type Clock, systemClock } from '../base/clock.ts'
import type { RunEvent } from '../runs/events.ts'
import { bytes } from '../runs/text.ts'
import { note } from './output.ts'

const WIDTH = 24

/** Draws a run: bars that move on a terminal, one plain line a step elsewhere. */
export function runReporter(
  workspace: string,
  clock: Clock = systemClock,
  stream: NodeJS.WriteStream = process.stderr,
): (event: RunEvent) => void {
  const live = stream.isTTY === true
  let drawn = false
  let last = 0
  const clear = () => {
    if (drawn) stream.write('\r\u001b[2K')
    drawn = false
  }
  const draw = (text: string) => {
    if (!live) return
    const columns = stream.columns || 100
    stream.write(`\r\u001b[2K${text.length > columns - 1 ? `${text.slice(0, columns - 2)}…` : text}`)
    drawn = true
  }
  return (event) => {
    switch (event.type) {
      case 'run':
        note(`${event.recipe}  run ${event.run}  workspace ${workspace}`)
        return
      case 'start':
        draw(`  … ${event.kind.padEnd(8)} ${event.step}`)
        return
      case 'progress': {
        const { done, total } = event.progress
        const now = clock.ticks()
        if (now - last < 80) return
        last = now
        const share = total ? Math.min(1, done / total) : 0
        const full = Math.round(share * WIDTH)
        draw(
          `  … ${event.kind.padEnd(8)} ${event.step.padEnd(20)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${(share * 100).toFixed(0).padStart(3)} %`,
        )
        return
      }
      case 'done':
        clear()
        note(
          `  ✔ ${event.kind.padEnd(8)} ${event.step.padEnd(22)} ${event.summary}  ${event.cached ? 'cached' : `${event.seconds.toFixed(1)} s`}`,
        )
        return
      case 'failed':
        clear()
        note(`  ✖ ${event.kind.padEnd(8)} ${event.step}`)
        return
      case 'end':
        clear()
        note(
          `  ${event.status}  moved between host and device ${bytes(event.ledger.up + event.ledger.down)} · read ${bytes(event.ledger.bytesIn)} · wrote ${bytes(event.ledger.bytesOut)} · ${event.seconds.toFixed(1)} s`,
        )
    }
  }
}

/** For work outside of a run: a moving bar on a terminal, one line at the end. */
export function stageReporter(stream: NodeJS.WriteStream = process.stderr, clock: Clock = systemClock) {
  let last = 0
  return {
    progress(stage: string, share: number): void {
      const now = clock.ticks()
      if (stream.isTTY !== true || now - last < 80) return
      last = now
      const full = Math.round(Math.min(1, share) * WIDTH)
      stream.write(
        `\r\u001b[2K  … ${stage.padEnd(36)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${(share * 100).toFixed(0).padStart(3)} %`,
      )
    },
    done(kind: string, step: string, summary: string, cached: boolean, seconds: number): void {
      if (stream.isTTY === true) stream.write('\r\u001b[2K')
      note(`  ✔ ${kind.padEnd(8)} ${step.padEnd(22)} ${summary}  ${cached ? 'cached' : `${seconds.toFixed(1)} s`}`)
    },
  }
}
