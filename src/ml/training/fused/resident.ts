import { systemClock } from '../../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { gapText } from '../../../engines/choose.ts'
import { isGaps, type RunContext } from '../../../engines/engine.ts'
import type { WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { HUNDREDTHS, hundredths, hundredthsOf } from '../../../engines/webgpu/learn/cuts.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { BeyondGuess } from '../../../engines/webgpu/run.ts'
import type { Part, Started } from '../../../engines/webgpu/started.ts'
import { type Node, plan } from '../../../plan/nodes.ts'
import type { Candidate } from '../../../runs/specs.ts'
import { type NumericReference, referenceOfHundredths } from '../../monitoring/reference.ts'
import { sampleOf } from '../bins.ts'
import { type Begun, beginOf, cut } from '../device/begin.ts'
import { type Judgement, judgeOnDevice, judging, type Told } from '../device/score.ts'
import { trainerOf } from '../index.ts'
import { fitRows, type Kept, type LearnTask, type Learnt, type Means, rowsOf } from './means.ts'

/** Rows of the training part that hundredths of features are found on, at most. */
const SAMPLED = 200_000

/** Rows on the device that may not be proved yet. */
interface Resident extends Kept {
  readonly root: Node
  readonly scan: Node
  started: Started
  proved: boolean
}

/**
 * All of it stays in the device's memory. Three readbacks: how many rows small results have, what they say, and all models
 * with what was found of them.
 */
export function onDevice(engine: WebgpuEngine): Means {
  const held: Resident[] = []
  const unproved = () => held.filter((r) => !r.proved)
  return {
    keeps: true,
    async compute(root, ctx, { rows, made = root } = {}) {
      const started = await engine.start(plan(root), ctx, { guesses: true, ...(rows === undefined ? {} : { rows }) })
      const scan = engine.scan(started.relation, made)
      const resident: Resident = {
        ...{ root, scan, started, proved: false },
        use: async () => ({ scan, relation: resident.started.relation, done: () => {} }),
        close() {
          held.splice(held.indexOf(resident), 1)
          engine.forget(scan)
          resident.started.relation.close()
        },
      }
      held.push(resident)
      return resident
    },
    async ask(all, ctx) {
      // what the device does not do is asked of the host, from what the rows were made of
      const left = all.filter(([, query]) => isGaps(engine.prepare(plan(query))))
      const queries = all.filter((q) => !left.includes(q))
      const plans = queries.map(([, query]) => plan(query))
      const asked = () =>
        engine.together(
          plans,
          ctx,
          unproved().map((r) => r.started),
        )
      const batches = await asked().catch(async (thrown: unknown) => {
        if (!(thrown instanceof BeyondGuess)) throw thrown
        for (const r of unproved()) await again(engine, r, ctx)
        return asked()
      })
      if (queries.length > 0) for (const r of unproved()) r.proved = true
      const found = new Map(queries.map(([name, query], i) => [name, batches[i] ? fitRows(batches[i], query) : []]))
      for (const [name, query] of left) {
        const made = engine.onHost(plan(query))
        if (isGaps(made))
          throw new GalleyError('ENGINE_GAP', { what: 'a query of a fit can not be asked', why: gapText(made) })
        found.set(name, await rowsOf(made, query, ctx))
      }
      return found
    },
    learn: (task, ctx) => learnThere(task, unproved(), ctx),
  }
}

/** Computes rows once more, asking how many a join gives. */
async function again(engine: WebgpuEngine, resident: Resident, ctx: RunContext): Promise<void> {
  resident.started.relation.close()
  resident.started = await engine.start(plan(resident.root), ctx, { guesses: false })
  engine.swap(resident.scan, resident.started.relation)
}

/** A candidate that is learnt and judged, still on the device. */
interface Pending {
  readonly candidate: Candidate
  readonly begun: Begun
  readonly judged: Told<Judgement>
  readonly seconds: number
}

async function learnThere(task: LearnTask, unproved: readonly Resident[], ctx: RunContext): Promise<Learnt> {
  const { spec, features, classes } = task
  const of = async (part: Kept) => (await part.use(ctx)).relation as Started['relation']
  const [train, validate, test] = [await of(task.parts.train), await of(task.parts.validate), await of(task.parts.test)]
  const about = { train, validate, features, target: spec.target, seed: spec.seed, threads: task.threads, classes }
  const taskOf = ({ params }: Candidate) => ({ ...about, params })
  const contextOf = (i: number) => ({
    signal: ctx.signal,
    say: task.say,
    progress: ({ done, total }: { readonly done: number; readonly total?: number }) =>
      ctx.progress?.({ done: i + (total ? done / total : 0), total: spec.candidates.length, unit: 'steps' }),
  })
  const pending: Pending[] = []
  for (const [i, candidate] of spec.candidates.entries()) {
    task.begins(candidate.trainer)
    throwIfAborted(ctx.signal)
    const began = systemClock.ticks()
    const begin = await beginOf(candidate.trainer)
    if (!begin)
      throw new GalleyError('ENGINE_GAP', {
        what: `${candidate.trainer} does not learn on the device`,
        fix: 'run on the processor: galley run --engine processor',
      })
    const job = new Job(train.table)
    try {
      const begun = await begin(job, taskOf(candidate), contextOf(i))
      const judged = await judging(job, spec.target, begun, { validate: validate.table, test: test.table })
      job.submit()
      for (const { from } of [...begun.parts, ...judged.parts]) job.keep(from)
      pending.push({ candidate, begun, judged, seconds: (systemClock.ticks() - began) / 1000 })
    } finally {
      job.close()
    }
  }
  task.begins('models')
  const job = new Job(train.table)
  try {
    const sample = sampleOf(train.table.rows, features.length, spec.seed, SAMPLED)
    const told = await hundredths(job, train.table, features, sample)
    const proofs = unproved.map((r) => r.started.proof())
    const parts: readonly (readonly Part[])[] = [
      ...proofs.map((p) => p.parts),
      [{ from: told, at: 0, words: features.length * HUNDREDTHS }],
      ...pending.flatMap(({ begun, judged }) => [begun.parts, judged.parts]),
    ]
    const all = cut(await job.download(parts.flat()), parts.flat())
    let at = 0
    const words = parts.map((own) => all.slice(at, (at += own.length)))
    for (const [i, proof] of proofs.entries()) proof.check(words[i]?.[0] ?? new Uint32Array(0))
    for (const r of unproved) r.proved = true
    const reference = features.map((name, f): NumericReference => {
      const [own = new Uint32Array(0)] = words[proofs.length] ?? []
      return referenceOfHundredths(name, sample.rows, hundredthsOf(own.slice(f * HUNDREDTHS, (f + 1) * HUNDREDTHS)))
    })
    const candidates: Learnt['candidates'][number][] = []
    for (const [i, { candidate, begun, judged, seconds }] of pending.entries()) {
      const model = begun.tell(words[proofs.length + 1 + i * 2] ?? [])
      if (model) candidates.push({ model, seconds, ...judged.tell(words[proofs.length + 2 + i * 2] ?? []) })
      else {
        // more steps than were handed over: learnt anew, asking whether it is over
        const longer = await (await trainerOf(candidate.trainer)).train(taskOf(candidate), contextOf(i))
        const [judgement] = await judgeOnDevice([{ model: longer, validate: validate.table, test: test.table }])
        candidates.push({ model: longer, seconds, ...(judgement as Judgement) })
      }
    }
    return { candidates, reference }
  } finally {
    job.close()
  }
}
