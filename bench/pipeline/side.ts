import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { BenchError } from '../bench.ts'
import type { Files, Peer, Question, Task } from './question.ts'

/** What both databases may take. */
export const LIMITS = { threads: 2, memoryMiB: 8192 }

/** A process of one side that answers questions, one after the other. */
export interface Side {
  readonly name: string
  /** Seconds from the question to its answer in a Parquet file. */
  ask(question: Question, out: string): Promise<number>
  /** Processor time that the process has taken so far. */
  cpuSeconds(): number
  /** The most memory that the process has held so far, bytes. */
  peakBytes(): number
  close(): void
}

export const GALLEY = 'Galley'
const PEER = fileURLToPath(new URL('./peer.py', import.meta.url))

export const galley = (task: Task, files: Files, signal: AbortSignal): Side =>
  start(GALLEY, [process.execPath, fileURLToPath(new URL('./galley.ts', import.meta.url))], task, files, signal)
export const peer = (name: Peer, python: string, task: Task, files: Files, signal: AbortSignal): Side =>
  start(name, [python, PEER, name], task, files, signal)

function start(
  name: string,
  [file = '', ...args]: readonly string[],
  task: Task,
  files: Files,
  signal: AbortSignal,
): Side {
  const env = { ...process.env, POLARS_MAX_THREADS: String(LIMITS.threads) }
  const child: ChildProcess = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'], signal })
  let stderr = ''
  let closed = false
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-4000)))
  let settle: { resolve(line: string): void; reject(error: Error): void } | undefined
  const fail = (why: string) => {
    if (closed) return
    const error = signal.aborted
      ? new BenchError('stopped', { why: 'it was interrupted', fix: 'run it again', exit: 130 })
      : new BenchError(`${name} failed`, { why, fix: 'correct what it names, then run the benchmark again' })
    settle?.reject(error)
  }
  child.once('error', (error) => fail(error.message))
  child.once('close', (code) => fail(`it ended with ${code}: ${stderr}`))
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => settle?.resolve(line))
  const send = (message: object): Promise<string> =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      child.stdin?.write(`${JSON.stringify(message)}\n`)
    })
  const ready = send({ task: task.name, files, ...LIMITS })
  return {
    name,
    async ask(question, out) {
      await ready
      const answer = JSON.parse(
        await send({ question: question.name, sql: question.sql.replace('FILE', files['csv'] ?? ''), out }),
      ) as { seconds: number }
      return answer.seconds
    },
    cpuSeconds() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    peakBytes() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024
    },
    close() {
      closed = true
      child.stdin?.end()
      child.kill()
    },
  }
}
