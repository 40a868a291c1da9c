import type { LedgerEntry } from '../../engines/ledger.ts'
import type { FusedResult } from '../../ml/training/fused/fused.ts'
import { bytes } from '../../runs/text.ts'
import { bold, print, table } from '../output.ts'

export const WAYS = ['fused', 'staged', 'processor'] as const
export type Way = (typeof WAYS)[number]

/** One way of running a recipe, for programs. */
export interface Measured {
  readonly way: Way
  /** From reading the sources' Parquet files on; the first way on a device compiles its kernels in them. */
  readonly seconds: number
  /** Of the dataset. */
  readonly rows: number
  /** Bytes to and from the device, and readbacks. */
  readonly moved: Pick<LedgerEntry, 'up' | 'down' | 'readbacks'>
  /** Bytes held on the device at once, at most. */
  readonly peak: number
  /** What the device left to the processor, and why. */
  readonly left: readonly string[]
  readonly stages: Readonly<Record<string, LedgerEntry>>
  readonly candidates: readonly {
    readonly kind: string
    readonly auc: number | null
    readonly logLoss: number | null
  }[]
}

export function measuredOf(
  way: Way,
  { rows, candidates, ledger }: FusedResult,
  about: Pick<Measured, 'seconds' | 'peak' | 'left'>,
): Measured {
  const { up, down, readbacks } = ledger.total()
  return {
    ...{ way, ...about, rows, moved: { up, down, readbacks } },
    stages: Object.fromEntries(ledger.stages()),
    candidates: candidates.map(({ model, test }) => ({ kind: model.kind, auc: test.auc, logLoss: test.logLoss })),
  }
}

/** The ways side by side, for people. */
export function tell(what: string, device: string | null, measured: readonly Measured[]): void {
  const rows = (measured[0]?.rows ?? 0).toLocaleString('en-US')
  print(`${bold(what)}  ${rows} rows prepared  ${device ?? 'no device'}`)
  print()
  print(
    table(
      ['', 'seconds', 'to device', 'from it', 'readbacks', 'held there'],
      measured.map(({ way, seconds, moved, peak, left }) => [
        left.length > 0 ? `${way} (${moved.up > 0 ? 'partly ' : ''}on the processor)` : way,
        seconds.toFixed(1),
        bytes(moved.up),
        bytes(moved.down),
        moved.readbacks,
        bytes(peak),
      ]),
    ),
  )
  if (measured.some(({ moved }) => moved.up > 0))
    print('\nseconds of the first way on a device are with those that compiling its kernels takes')
  print()
  print(
    table(
      ['on test', ...measured.map(({ way }) => `${way} AUC`), ...measured.map(({ way }) => `${way} log loss`)],
      (measured[0]?.candidates ?? []).map((c, i) => [
        c.kind,
        ...measured.map((m) => m.candidates[i]?.auc?.toFixed(4) ?? '–'),
        ...measured.map((m) => m.candidates[i]?.logLoss?.toFixed(4) ?? '–'),
      ]),
    ),
  )
}
