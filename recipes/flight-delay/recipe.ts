import { fileURLToPath } from 'node:url'
import {
  baseline,
  byTime,
  count,
  csv,
  gbdt,
  hours,
  logistic,
  mean,
  minutes,
  parquet,
  recipe,
  targetEncode,
} from 'galley'

const folder = new URL('../data/', import.meta.resolve('vega-datasets'))
const data = (file: string) => fileURLToPath(new URL(file, folder))

/** As a plane leaves the gate: how likely is it to arrive more than 15 minutes late? */
export const flightDelay = (flightsFile: string, airportsFile: string) =>
  recipe('flight-delay', (k) => {
    const airports = k.source('airports', csv(airportsFile, { iata: 'string', longitude: 'float64' }))
    const raw = k.source(
      'flights',
      parquet(flightsFile, {
        date: 'local timestamp', // the minute it left the gate, on the origin's wall clock
        delay: 'int64', // minutes late on arrival
        distance: 'int64', // miles
        origin: 'string',
        destination: 'string',
      }),
    )

    const flights = k.step(
      'clean',
      raw
        .distinct()
        .reject((r) => r.date.ge('2001-07-01'), 'after the period', { when: 'training' })
        .reject((r) => r.delay.lt(-120), 'impossible delay', { when: 'training' })
        .reject((r) => r.distance.le(0), 'no distance', { when: 'always' })
        .join(airports, { origin: 'iata' })
        // local wall clocks → one clock: the sun takes four minutes for a degree of longitude
        .derive((r) => ({ at: r.date.minus(minutes(r.longitude.times(4))).toInstant() })),
    )

    // what is known at a moment: another flight's delay only once it has surely landed. 7.5 miles a minute in the air;
    // 90 minutes for taxi, climb and what the sun's clock and the legal one may differ by
    const landed = flights.derive((r) => ({
      late: r.delay.gt(15),
      known: r.at.plus(minutes(r.distance.div(7.5).plus(90))),
    }))
    const out = landed.rolling({ by: 'origin', on: 'known', over: hours(3) }, (r) => ({
      lateOut: mean(r.late),
      flightsOut: count(),
    }))
    const into = landed.rolling({ by: 'destination', on: 'known', over: hours(3) }, (r) => ({
      lateIn: mean(r.late),
      flightsIn: count(),
    }))

    const features = landed
      .asOf(out, { by: 'origin', at: 'at' })
      .asOf(into, { by: 'destination', at: 'at' })
      .derive((r) => ({
        route: r.origin.concat('-', r.destination),
        month: r.date.month(),
        weekday: r.date.weekday(),
        hour: r.date.hour(),
        minuteOfDay: r.date.minuteOfDay(),
      }))

    const flightFeatures = k.dataset('flight-features', features, {
      moment: 'at',
      split: byTime('date', {
        train: ['2001-01-01', '2001-05-01'],
        validate: ['2001-05-01', '2001-06-01'],
        test: ['2001-06-01', '2001-07-01'],
      }),
      expect: (r) => ({
        'distance is positive': r.distance.gt(0),
        'a rate is between 0 and 1': r.lateOut.between(0, 1),
        'delays are within a day': r.delay.between(-120, 2000),
      }),
    })

    k.analyse(flightFeatures, { target: 'late' })

    const model = k.train('late-arrival', flightFeatures, {
      target: 'late',
      features: ['distance', 'minuteOfDay', 'weekday', 'lateOut', 'flightsOut', 'lateIn', 'flightsIn'],
      fit: [targetEncode(['origin', 'destination'])], // on training rows only
      candidates: [baseline({ by: ['originRate'] }), logistic(), gbdt({ trees: 100, leaves: 31 })],
      gate: (m) => m.validate.auc.gt(m.baseline.validate.auc.plus(0.02)),
    })

    k.serve('flight-delay', model, {
      entry: 'flights',
      input: ['date', 'origin', 'destination', 'distance'],
      lateness: hours(24),
      warmUntil: '2001-06-01',
    })
  })

export default flightDelay(data('flights-3m.parquet'), data('airports.csv'))
