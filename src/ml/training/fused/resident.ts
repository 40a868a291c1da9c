import { systemClock } from '../../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Question } from '../../../data/profile/resident.ts'
import type { Batch } from '../../../engines/batch.ts'
import { gapText } from '../../../engines/choose.ts'
import { isGaps, type RunContext } from '../../../engines/engine.ts'
import type { WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { HUNDREDTHS, hundredths, hundredthsOf } from '../../../engines/webgpu/learn/cuts.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { BeyondGuess } from '../../../engines/webgpu/run.ts'
import type { Part } from '../../../engines/webgpu/started.ts'
import { plan } from '../../../plan/nodes.ts'
import type { Candidate, DeviceUse } from '../../../runs/specs.ts'
import { type NumericReference, referenceOfHundredths } from '../../monitoring/reference.ts'
import { sampleOf } from '../bins.ts'
import { type Begun, beginOf, cut } from '../device/begin.ts'
import { type Judgement, judgeOnDevice, judging, type Told } from '../device/score.ts'
import { trainerOf } from '../index.ts'
import { gapOf } from './analysis.ts'
import { fitRows, type Kept, type LearnTask, type Learnt, type Means, rowsOf } from './means.ts'
import { type Resident, type Room, readBy, roomFor } from './spill.ts'

/** Rows of the training part that hundredths of features are found on, at most. */
const SAMPLED = 200_000

/** What a stage left, as others see it. */
interface Held extends Resident, Kept {}

/**
 * All of it stays in the device's memory. Three readbacks: how many rows small results have, what they say, and all models
 * with what was found of them. With `spill`, tables that nothing reads wait on the host where there is no room for all.
 */
export function onDevice(engine: WebgpuEngine, { spill = false }: DeviceUse = {}): Means {
  const held: Held[] = []
  const room = roomFor(engine, held, spill)
  const unproved = () => held.filter((r) => !r.proved)
  /** Small results together, which prove what was computed before. */
  const answered = async (questions: readonly Question[], ctx: RunContext): Promise<readonly Batch[]> => {
    const plans = questions.map(({ root }) => plan(root))
    const asked = () => {
      const about = [...readBy(held, ...plans.map((p) => p.root)), ...unproved()]
      return room.within(about, ctx, () =>
        engine.together(
          plans,
          ctx,
          unproved().map((r) => r.started),
          questions.map((q) => q.most),
        ),
      )
    }
    const batches = await asked().catch(async (thrown: unknown) => {
      if (!(thrown instanceof BeyondGuess)) throw thrown
      for (const r of unproved()) await room.within([r], ctx, () => again(engine, r, ctx))
      return asked()
    })
    if (questions.length > 0) for (const r of unproved()) r.proved = true
    return batches
  }
  return {
    keeps: true,
    answers: {
      gap: (n) => gapOf(engine, n)?.reason,
      ask: answered,
    },
    async compute(root, ctx, { rows, made = root } = {}) {
      const how = { guesses: true, ...(rows === undefined ? {} : { rows }) }
      const started = await room.within(readBy(held, root), ctx, () => engine.start(plan(root), ctx, how))
      const scan = engine.scan(started.relation, made)
      const resident: Held = {
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
      const batches = await answered(
        queries.map(([, root]) => ({ root })),
        ctx,
      )
      const found = new Map(queries.map(([name, query], i) => [name, batches[i] ? fitRows(batches[i], query) : []]))
      for (const [name, query] of left) {
        const made = engine.onHost(plan(query))
        if (isGaps(made))
          throw new GalleyError('ENGINE_GAP', { what: 'a query of a fit can not be asked', why: gapText(made) })
        found.set(name, await rowsOf(made, query, ctx))
      }
      return found
    },
    learn: (task, ctx) => learnThere(task, { room, unproved, of: (part) => held.find((r) => r === part) as Held }, ctx),
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

/** The tables that there are, and room beside them. */
interface Tables {
  readonly room: Room
  unproved(): readonly Resident[]
  of(part: Kept): Resident
}

async function learnThere(task: LearnTask, { room, unproved, of }: Tables, ctx: RunContext): Promise<Learnt> {
  const { spec, features, classes } = task
  const [train, validate, test] = [of(task.parts.train), of(task.parts.validate), of(task.parts.test)]
  const tableOf = (resident: Resident) => resident.started.relation.table
  const taskOf = ({ params }: Candidate) => ({
    ...{ train: train.started.relation, validate: validate.started.relation, features, params, classes },
    ...{ target: spec.target, seed: spec.seed, threads: task.threads },
  })
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
    // only a trainer that stops early looks at other rows than its own
    const reads = candidate.params['earlyStopping'] ? [train, validate] : [train]
    const { job, begun } = await room.within(reads, ctx, async () => {
      const job = new Job(tableOf(train))
      try {
        return { job, begun: await begin(job, taskOf(candidate), contextOf(i)) }
      } catch (thrown) {
        job.close()
        throw thrown
      }
    })
    try {
      const judged = await room.within([train, validate, test], ctx, () =>
        judging(job, spec.target, begun, { validate: tableOf(validate), test: tableOf(test) }),
      )
      job.submit()
      for (const { from } of [...begun.parts, ...judged.parts]) job.keep(from)
      pending.push({ candidate, begun, judged, seconds: (systemClock.ticks() - began) / 1000 })
    } finally {
      job.close()
    }
  }
  task.begins('models')
  const own = tableOf(train)
  const job = new Job(own)
  try {
    const sample = sampleOf(own.rows, features.length, spec.seed, SAMPLED)
    const told = await room.within([train], ctx, () => hundredths(job, own, features, sample))
    const proving = unproved()
    const proofs = proving.map((r) => r.started.proof())
    const parts: readonly (readonly Part[])[] = [
      ...proofs.map((p) => p.parts),
      [{ from: told, at: 0, words: features.length * HUNDREDTHS }],
      ...pending.flatMap(({ begun, judged }) => [begun.parts, judged.parts]),
    ]
    const all = cut(await job.download(parts.flat()), parts.flat())
    let at = 0
    const words = parts.map((own) => all.slice(at, (at += own.length)))
    for (const [i, proof] of proofs.entries()) proof.check(words[i]?.[0] ?? new Uint32Array(0))
    for (const r of proving) r.proved = true
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
        const [judgement] = await room.within([train, validate, test], ctx, () =>
          judgeOnDevice([{ model: longer, validate: tableOf(validate), test: tableOf(test) }]),
        )
        candidates.push({ model: longer, seconds, ...(judgement as Judgement) })
      }
    }
    return { candidates, reference }
  } finally {
    job.close()
  }
}
