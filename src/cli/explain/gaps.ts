import { gapNames, type Offer } from '../../engines/choose.ts'
import type { Gap } from '../../engines/engine.ts'

/** What keeps something from being computed at a place: `concat for 'route' (it is …); unnest`. */
export function becauseOf(gaps: readonly Gap[]): string {
  const told = [...Map.groupBy(gaps, (g) => g.reason)].map(([reason, same]) => {
    const [first] = same
    // the name of a verb is enough where that is all that the reason says
    return reason === `${first?.node} is not done on the device` ? gapNames(same) : `${gapNames(same)} (${reason})`
  })
  return told.join('; ')
}

/**
 * What an engine that was not chosen makes of a step, as a sentence that says who computes it instead. `chosen`: the engine
 * that does, where one can.
 */
export function offerText(o: Offer, chosen: string | undefined): string {
  if (o.prepared) return `${o.engine} could compute it, too`
  if (o.engine === 'row') return 'not row: it answers single records at endpoints, and this step makes a table'
  const instead = chosen ? `: ${chosen} computes the whole step${o.engine === 'webgpu' ? ' on the processor' : ''}` : ''
  return `not ${o.engine}, because of ${becauseOf(o.gaps)}${instead}`
}
