import { typeName } from '../../plan/types.ts'
import type {
  After,
  ApprovalSpec,
  EvaluateSpec,
  ForecastSpec,
  LearnSpec,
  OnnxSpec,
  ProcessSpec,
  Step,
} from '../../runs/specs.ts'
import { labelled } from './text.ts'

/** When a step that stands on a branch is run, and what the steps do that make branches. */
export function branchText(step: Step): string[] {
  return [...(step.after ?? []).flatMap((a, i) => labelled(i === 0 ? 'only' : '', onlyWhere(a))), ...own(step)]
}

function own({ kind, inputs, spec }: Step): string[] {
  if (kind === 'either') return labelled('gives', `the rows of ${inputs.join(' or of ')}, whichever is run`)
  if (kind === 'learn') return learnText(spec as LearnSpec)
  if (kind === 'onnx') return onnxText(spec as OnnxSpec)
  if (kind === 'evaluate') return evaluateText(inputs, spec as EvaluateSpec)
  if (kind === 'forecast') return forecastText(spec as ForecastSpec)
  if (kind === 'process') return processText(spec as ProcessSpec)
  if (kind !== 'approval') return []
  return labelled(
    'asks',
    `"${(spec as ApprovalSpec).ask}" of what ${inputs.join(', ')} left, once for the same content`,
  )
}

function onnxText({ file, left, features, target, goal, output }: OnnxSpec): string[] {
  return [
    ...labelled('runs', `${file ?? `'${left}' of the step before it`}, an ONNX file, in a process of its own`),
    ...labelled('features', features.join(', ')),
    ...(output === undefined ? [] : labelled('reads', `its output ${output}`)),
    ...labelled(
      'says',
      `${goal?.kind ?? 'binary'}${target === null ? '; not judged: no target' : `, judged by ${target}`}`,
    ),
  ]
}

function learnText({ learner, columns, params, schema }: LearnSpec): string[] {
  const given = Object.entries(params).map(([name, value]) => `${name} ${String(value)}`)
  return [
    ...labelled('learns', `${learner}${given.length > 0 ? ` (${given.join(', ')})` : ''}`),
    ...Object.entries(columns).flatMap(([role, names]) => labelled(role, [names].flat().join(', '))),
    ...labelled('gives', schema.map((f) => `${f.name}: ${typeName(f.type)}`).join(', ')),
  ]
}

function evaluateText(
  [, model = '', other]: readonly string[],
  { against, segments, groups, costs, curves }: EvaluateSpec,
) {
  return [
    ...labelled('judges', `${model} on validate and test, against ${other ?? against?.trainer ?? 'nothing'}`),
    ...(segments.length > 0 ? labelled('segments', segments.join(', ')) : []),
    ...(groups.length > 0 ? labelled('groups', groups.join(', ')) : []),
    ...(costs
      ? labelled(
          'costs',
          Object.entries(costs)
            .map(([name, cost]) => `${name} ${cost}`)
            .join(', '),
        )
      : []),
    ...(curves ? labelled('curves', 'trained again with fewer rows') : []),
  ]
}

function forecastText(spec: ForecastSpec): string[] {
  const { forecaster, params, target, every, horizon, series, time, gaps, folds, holidays, schema } = spec
  const given = Object.entries(params).map(([name, value]) => `${name} ${String(value)}`)
  return [
    ...labelled('target', `${target}, ${horizon} × ${every} by ${time}, ${forecaster}${given.length > 0 ? ` (${given.join(', ')})` : ''}`), // biome-ignore format: one line
    ...(series.length > 0 ? labelled('series', series.join(', ')) : []),
    ...labelled('gaps', `${gaps}${holidays === null ? '' : `; holidays ${holidays}`}; back-test of ${folds}`),
    ...labelled('gives', schema.map((f) => `${f.name}: ${typeName(f.type)}`).join(', ')),
  ]
}

function processText({ command, files, gives, leaves, each, format, limits }: ProcessSpec): string[] {
  const bounds = Object.entries(limits).map(([name, value]) => `${name} ${value}`)
  return [
    ...labelled('runs', `${command.join(' ')}${each ? `, once for each row of ${each.step}` : ''}`),
    ...(files.length > 0 ? labelled('given', files.join(', ')) : []),
    ...labelled('gives', gives ? `${Object.entries(gives).map(([name, type]) => `${name}: ${type}`).join(', ')}, as ${format}` : 'no table'), // biome-ignore format: one line
    ...(leaves ? labelled('leaves', Object.entries(leaves).map(([name, path]) => `${path} as ${name}`).join(', ')) : []), // biome-ignore format: one line
    ...(bounds.length > 0 ? labelled('limits', bounds.join(', ')) : []),
  ]
}

function onlyWhere({ of, is }: After): string {
  const names = of.join(', ')
  if (is === 'done') return `once ${names} is approved`
  if (is === 'failed') return `where ${of.length > 1 ? 'one of ' : ''}${names} fails`
  return `where ${names} ${is === 'holds' ? 'holds' : 'does not hold'}`
}
