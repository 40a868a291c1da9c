import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson, sha256 } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import { folderOf } from '../../data/datasets/files.ts'
import { codeHash } from '../../runs/code.ts'
import { type Queued, queued } from '../../runs/elsewhere/queued.ts'
import { stepOf } from '../../runs/inline.ts'
import type { Output, StepContext } from '../../runs/kind.ts'
import { stored } from '../../runs/portable.ts'
import type { Candidate, DatasetSpec, TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { writeFileAtomic } from '../../store/files.ts'

/** The folder among those of steps in which a training keeps what it has come to. */
export interface KeptBy {
  /** Of the step, with `_` before it. */
  readonly step: string
  readonly id: string
}

/** One part of a training, with all that it reads: the dataset's files lie there, and nothing before them is looked at. */
export interface TrialSpec {
  /** With one candidate. */
  readonly train: TrainSpec
  readonly dataset: Pick<DatasetSpec, 'split' | 'moment'>
  /** Paths as outputs are stored. */
  readonly data: Pick<DatasetOutput, 'hash' | 'files' | 'schema' | 'rows'>
  readonly kept: KeptBy
  /** Of whoever asks: another Galley may answer otherwise. */
  readonly code: string
  readonly ask: Json
}

export interface TrialOutput extends Output {
  readonly trainer: string
  /** Of the answer as JSON. */
  readonly path: string
}

/** What a share's step stands on: all that a trainer's answer may depend on. */
export const trialCode = (): string => codeHash(new URL('./trial.ts', import.meta.url).href)

/** Shares out the parts of what a candidate learns as jobs of a step `trial`. */
export function trialsOf(ctx: StepContext<TrainSpec>, data: DatasetOutput, kept: KeptBy, candidate: Candidate): Queued {
  const { step, store, recipe } = ctx
  const { split, moment } = stepOf(recipe, step.inputs[0] ?? '').spec as DatasetSpec
  const { hash, files, schema, rows } = data
  const common = {
    train: { ...step.spec, candidates: [candidate], gate: null },
    dataset: { split, moment },
    data: stored({ hash, files, schema, rows }, store.home.path),
    kept,
  }
  return queued<TrialOutput>(ctx, {
    noun: 'trials',
    stepOf: (ask) => ({
      ...{ id: `${step.id}/trial`, kind: 'trial', inputs: [] },
      spec: { ...common, code: trialCode(), ask } satisfies TrialSpec,
    }),
    answerOf: keptAnswer,
  })
}

/** Keeps an answer beside what its training keeps, which goes with it. */
export async function keepAnswer(
  { store, scope, step }: Pick<StepContext<TrialSpec>, 'store' | 'scope' | 'step'>,
  answer: Json,
): Promise<{ readonly hash: string; readonly path: string }> {
  const { kept, train, ask } = step.spec
  const json = JSON.stringify(answer)
  const path = join(folderOf(store, scope, kept.step, kept.id), `${hashJson([train.candidates, ask]).slice(0, 32)}.trial`) // biome-ignore format: one line
  await writeFileAtomic(path, json)
  return { hash: sha256(json), path }
}

/** @throws STORE_CORRUPT where it is not what was written */
export async function keptAnswer({ path, hash }: Pick<TrialOutput, 'path' | 'hash'>): Promise<Json> {
  const json = await readFile(path, 'utf8')
  if (sha256(json) === hash) return JSON.parse(json) as Json
  throw new GalleyError('STORE_CORRUPT', { what: `${path} is not what a trial has written`, fix: 'remove it: the trial is run again' }) // biome-ignore format: one line
}
