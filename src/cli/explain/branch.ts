import type { After, ApprovalSpec, Step } from '../../runs/specs.ts'
import { labelled } from './text.ts'

/** When a step that stands on a branch is run, and what the steps do that make branches. */
export function branchText(step: Step): string[] {
  return [...(step.after ?? []).flatMap((a, i) => labelled(i === 0 ? 'only' : '', onlyWhere(a))), ...own(step)]
}

function own({ kind, inputs, spec }: Step): string[] {
  if (kind === 'either') return labelled('gives', `the rows of ${inputs.join(' or of ')}, whichever is run`)
  if (kind !== 'approval') return []
  return labelled(
    'asks',
    `"${(spec as ApprovalSpec).ask}" of what ${inputs.join(', ')} left, once for the same content`,
  )
}

function onlyWhere({ of, is }: After): string {
  const names = of.join(', ')
  if (is === 'done') return `once ${names} is approved`
  if (is === 'failed') return `where ${of.length > 1 ? 'one of ' : ''}${names} fails`
  return `where ${names} ${is === 'holds' ? 'holds' : 'does not hold'}`
}
