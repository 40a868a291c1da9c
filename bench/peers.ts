import { join } from 'node:path'
import { type Python, PythonError, pythonIn } from '../scripts/python.ts'
import { BenchError } from './bench.ts'

/** Where what we compare with is installed; not part of the product, git-ignored. */
export const PEERS = join(import.meta.dirname, '.peers')

/** A Python of our own with the packages that peers.txt pins; `own`: that of a bench whose peers go with other versions. @throws BenchError */
export async function pythonPeers(say: (line: string) => void, signal: AbortSignal, own?: string): Promise<Python> {
  try {
    const pins = join(import.meta.dirname, own ?? '', 'peers.txt')
    return await pythonIn(join(PEERS, own === undefined ? 'python' : `python-${own}`), pins, { say, signal })
  } catch (error) {
    if (error instanceof PythonError) throw new BenchError(error.message, { why: error.why, fix: error.fix, exit: 4 })
    throw error
  }
}
