import { als, generate, itemItem, minutes, recipe, values } from 'galley'

/** Who watched what, and what to show next: each person has a favourite shelf of five, and now and then takes something else. */
export const recommender = ({ views = 40_000, seed = 5 }: { views?: number; seed?: number } = {}) =>
  recipe('recommender', (k) => {
    const raw = k.source(
      'player-log',
      generate('player-log', {
        ...{ rows: views, seed },
        columns: {
          at: values.times({ start: '2026-01-01', every: minutes(5) }),
          viewer: values.uniform('int64', { min: 1, max: 1000 }),
          // on every shelf some films are seen by many, most by few
          draw: values.uniform('float64', { min: 0, max: 1 }),
          shelf: values.uniform('int64', { min: 0, max: 4 }),
          strays: values.chance(0.25),
          minutes: values.uniform('float64', { min: 5, max: 120 }),
        },
      }),
    )
    const views_ = raw
      .derive((r) => ({
        shelf: r.strays.choose(r.shelf, r.viewer.mod(5)),
        place: r.draw.times(r.draw).times(60).floor().cast('int64'),
      }))
      .derive((r) => ({ film: r.shelf.times(100).plus(r.place) }))
      .select('at', 'viewer', 'film', 'minutes')
    const watched = k.dataset('watched', views_, {
      moment: 'at',
      expect: (r, e) => [e.notNull(r.viewer), e.notNull(r.film), e.range(r.minutes, { min: 0, max: 600 })],
    })

    // both are judged by the last fifth of what each person watched; the model's figures say which does better
    const byPeople = k.learn('films-by-people', watched, als({ factors: 8, alpha: 0.05 }), {
      ...{ user: 'viewer', item: 'film', weight: 'minutes', at: 'at' },
    })
    k.learn('films-by-films', watched, itemItem(), { ...{ user: 'viewer', item: 'film', weight: 'minutes', at: 'at' } })

    k.dataset('next-films', byPeople.filter((r) => r.rank.le(5)).sort('viewer', 'rank'))
  })

export default recommender()
