import { constant, fpGrowth, generate, listOf, recipe, values } from 'galley'

/** Receipts of a shop, and what is bought together: pasta with sauce, and cheese with both, are put in on purpose. */
export const basketAnalysis = ({ receipts = 20_000, seed = 3 }: { receipts?: number; seed?: number } = {}) =>
  recipe('basket-analysis', (k) => {
    const chance = values.chance
    const raw = k.source(
      'till',
      generate('till', {
        ...{ rows: receipts, seed },
        columns: {
          receipt: values.sequence({ start: 100_000 }),
          ...{ pasta: chance(0.2), bread: chance(0.35), milk: chance(0.3), coffee: chance(0.18), apples: chance(0.25) },
          ...{ diapers: chance(0.06), batteries: chance(0.04) },
          // how likely the second thing is once the first lies in the basket
          ...{
            saucy: chance(0.65),
            cheesy: chance(0.5),
            buttery: chance(0.3),
            beery: chance(0.4),
            other: chance(0.08),
          },
        },
      }),
    )
    const none = constant('', 'string')
    const named = (text: string) => constant(text, 'string')
    const lines = raw
      .derive((r) => ({ sauce: r.pasta.and(r.saucy).or(r.other), butter: r.bread.and(r.buttery) }))
      .derive((r) => ({
        items: listOf(
          r.pasta.choose(named('pasta'), none),
          r.sauce.choose(named('tomato sauce'), none),
          r.pasta.and(r.sauce).and(r.cheesy).choose(named('parmesan'), none),
          r.bread.choose(named('bread'), none),
          r.butter.choose(named('butter'), none),
          r.milk.choose(named('milk'), none),
          r.coffee.choose(named('coffee'), none),
          r.apples.choose(named('apples'), none),
          r.diapers.choose(named('diapers'), none),
          r.diapers.and(r.beery).choose(named('beer'), none),
          r.batteries.choose(named('batteries'), none),
        ),
      }))
      .select('receipt', 'items')
      .unnest('items')
      .rename({ items: 'product' })
      .filter((r) => r.product.ne(''))
    const receiptLines = k.dataset('receipt-lines', lines)

    // pairs alone: most rules of three repeat one with something that has nothing to do with it
    const rules = k.learn('bought-together', receiptLines, fpGrowth({ support: 0.01, confidence: 0.3, items: 2 }), {
      basket: 'receipt',
      item: 'product',
    })
    // what is worth a place beside each other: surely together, and far more often than by chance
    k.dataset('shelf-ideas', rules.filter((r) => r.lift.ge(2)).sort({ by: 'leverage', descending: true }, 'lift'))
  })

export default basketAnalysis()
