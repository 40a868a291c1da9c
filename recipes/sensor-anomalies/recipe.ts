import { constant, count, generate, isolationForest, kMeans, minutes, recipe, values } from 'galley'

/**
 * Readings of machines, of which a few are faults that no single sensor shows: a warm bearing is common, and so is a shaking
 * one, but not both while little current flows. Faults are generated, so that what is found can be held against what there is.
 */
export const sensorAnomalies = ({ rows = 20_000, seed = 7 }: { rows?: number; seed?: number } = {}) =>
  recipe('sensor-anomalies', (k) => {
    const raw = k.source(
      'sensor-log',
      generate('sensor-log', {
        ...{ rows, seed },
        columns: {
          reading: values.sequence(),
          at: values.times({ start: '2026-03-01', every: minutes(1) }),
          machine: values.choice(['press-1', 'press-2', 'press-3', 'press-4']),
          // most of the time a machine runs; what it draws, its warmth and its shaking go together
          load: values.normal({ mean: 1, sd: 0.25, digits: 4 }),
          warmth: values.normal({ mean: 0, sd: 1.5, digits: 3, nulls: 0.002 }),
          shake: values.normal({ mean: 0, sd: 0.2, digits: 4 }),
          fault: values.chance(0.005),
        },
      }),
    )
    const readings = k.dataset(
      'readings',
      raw
        .derive((r) => ({
          current: r.load.times(12),
          temperature: r.warmth
            .plus(r.load.times(20))
            .plus(r.fault.choose(constant(22, 'float64'), constant(0, 'float64')))
            .plus(35),
          vibration: r.shake
            .plus(r.load.times(1.5))
            .plus(r.fault.choose(constant(2.2, 'float64'), constant(0, 'float64')))
            .plus(1),
        }))
        .drop('load', 'warmth', 'shake'),
      { moment: 'at', expect: (r, e) => [e.key('reading'), e.range(r.temperature, { min: -20, max: 150 }).warn()] },
    )

    // what is odd: rows that a few cuts set apart from the others, whatever the sensors are called
    const judged = k.learn('odd-readings', readings, isolationForest({ contamination: 0.005, trees: 200 }), {
      features: ['current', 'temperature', 'vibration'],
    })
    const alarms = judged.filter((r) => r.anomaly)
    k.dataset('alarms', alarms.sort({ by: 'anomaly_score', descending: true }, 'reading'))

    // how the machines run: three ways, of which the first is the most common
    const ways = k.learn('ways-of-running', readings, kMeans({ clusters: 3 }), {
      features: ['current', 'temperature', 'vibration'],
    })
    k.step(
      'hours-by-way',
      ways.aggregate(['machine', 'cluster'], () => ({ readings: count() })),
    )

    // how well it does, because here the truth is known
    k.step(
      'found-and-missed',
      judged.aggregate(['fault', 'anomaly'], () => ({ readings: count() })),
    )
  })

export default sensorAnomalies()
