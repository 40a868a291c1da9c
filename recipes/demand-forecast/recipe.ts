import { autoForecast, constant, generate, hours, recipe, values } from 'galley'

/** What each of six items sells on an ordinary day, and how Monday to Sunday differ from it. */
const USUAL = [120, 80, 45, 30, 60, 8]
const WEEK = [0.8, 0.8, 0.85, 0.95, 1.2, 1.5, 1.3]

/**
 * Units that a shop sells each day of six items: five with a week and a year, one that is asked for now and then. They are generated, so that the
 * recipe runs without anybody's data; the days to come are in none of them.
 */
export const demandForecast = ({ days = 730, seed = 11 }: { days?: number; seed?: number } = {}) =>
  recipe('demand-forecast', (k) => {
    const items = ['kimchi', 'milk', 'noodles', 'rice', 'tofu', 'truffle-oil'] as const
    const raw = k.source(
      'till',
      generate('till', {
        ...{ rows: days * items.length, seed },
        columns: {
          // six rows a day, from a Monday on
          day: values.times({ start: '2024-01-01', every: hours(24 / items.length), as: 'date' }),
          item: values.cycle('string', [...items]),
          usual: values.cycle('float64', USUAL.map(String)),
          week: values.cycle('float64', WEEK.flatMap((w) => items.map((_, i) => String(i === 5 ? 1 : w)))), // biome-ignore format: one line
          rare: values.cycle('bool', items.map((_, i) => String(i === 5))), // biome-ignore format: one line
          asked: values.chance(0.25),
          luck: values.normal({ mean: 0, sd: 0.1, digits: 4 }),
        },
      }),
    )
    const sales = k.dataset(
      'sales',
      raw
        .derive((r) => ({
          units: r.usual
            .times(r.week)
            .times(r.day.dayOfYear().times(0.0172).sin().times(0.15).plus(1))
            .times(r.luck.exp())
            .times(r.rare.and(r.asked.not()).choose(constant(0, 'float64'), constant(1, 'float64')))
            .round(),
        }))
        .select('day', 'item', 'units'),
      { moment: 'day', expect: (r, e) => [e.range(r.units, { min: 0 })] },
    )

    // four weeks of each item: what was best for it in the last three months, and how far off that was
    const next = k.forecast('demand', sales, autoForecast(), {
      ...{ time: 'day', every: 'day', series: ['item'], target: 'units', horizon: 28 },
      ...{ intervals: [0.8, 0.95], holidays: 'KR', gaps: 'zero', backtest: { folds: 3 } },
    })
    // what to order: so much that it is enough in nine cases of ten
    k.dataset(
      'plan',
      next.derive((r) => ({ order: r.upper_80.ceil() })),
    )
  })

export default demandForecast()
