import { type Clock, systemClock } from '../base/clock.ts'
import type { RunEvent } from '../runs/events.ts'
import { bytes } from '../runs/text.ts'
import { note } from './output.ts'

const WIDTH = 24
/** Reasons for a step to run again that are told beside it. */
const MOST_REASONS = 4

/** Draws a run: bars that move on a terminal, one plain line a step elsewhere. */
export function runReporter(
  workspace: string,
  clock: Clock = systemClock,
  stream: NodeJS.WriteStream = process.stderr,
): (event: RunEvent) => void {
  const live = stream.isTTY === true
  let drawn = false
  let last = 0
  /** Steps under way and their share done, in the order in which they began. */
  const running = new Map<string, { kind: string; share: number }>()
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
        running.set(event.step, { kind: event.kind, share: 0 })
        draw(bars(running))
        return
      case 'progress': {
        const { done, total } = event.progress
        running.set(event.step, { kind: event.kind, share: total ? Math.max(0, Math.min(1, done / total)) : 0 })
        const now = clock.ticks()
        if (now - last < 80) return
        last = now
        draw(bars(running))
        return
      }
      case 'done':
        running.delete(event.step)
        clear()
        note(
          `  ✔ ${event.kind.padEnd(8)} ${event.step.padEnd(22)} ${event.summary}  ${event.cached ? 'cached' : `${event.seconds.toFixed(1)} s`}`,
        )
        for (const line of event.because.slice(0, MOST_REASONS)) note(`      because ${line}`)
        if (event.because.length > MOST_REASONS)
          note(`      and ${event.because.length - MOST_REASONS} more: galley runs show`)
        if (running.size > 0) draw(bars(running))
        return
      case 'skipped':
        clear()
        note(`  – ${event.kind.padEnd(8)} ${event.step.padEnd(22)} its branch is not taken`)
        draw(bars(running))
        return
      case 'waits':
        running.delete(event.step)
        clear()
        note(`  ⏸ ${event.kind.padEnd(8)} ${event.step.padEnd(22)} ${event.ask}`)
        note(`      galley approvals approve ${event.approval}, or reject`)
        draw(bars(running))
        return
      case 'said':
        clear()
        note(`  ! ${event.kind.padEnd(8)} ${event.step.padEnd(22)} ${event.text}`)
        draw(bars(running))
        return
      case 'failed':
        running.delete(event.step)
        clear()
        note(`  ✖ ${event.kind.padEnd(8)} ${event.step}`)
        if (running.size > 0) draw(bars(running))
        return
      case 'end':
        clear()
        note(
          `  ${event.status}  moved between host and device ${bytes(event.ledger.up + event.ledger.down)} · read ${bytes(event.ledger.bytesIn)} · wrote ${bytes(event.ledger.bytesOut)} · ${event.seconds.toFixed(1)} s`,
        )
    }
  }
}

/** A bar for the step that began first, and how far the others are. */
function bars(running: ReadonlyMap<string, { readonly kind: string; readonly share: number }>): string {
  const percent = (share: number): string => `${(share * 100).toFixed(0).padStart(3)} %`
  const [first, ...others] = running
  if (!first) return ''
  const [step, { kind, share }] = first
  const full = Math.round(share * WIDTH)
  const bar = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`
  const beside = others.map(([name, o]) => ` · ${name} ${percent(o.share)}`).join('')
  return `  … ${kind.padEnd(8)} ${step.padEnd(20)} ${bar} ${percent(share)}${beside}`
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
