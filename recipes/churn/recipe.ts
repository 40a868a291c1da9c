import { baseline, byTime, constant, gbdt, generate, hours, logistic, ordinal, recipe, values } from 'galley'

/**
 * Who may leave next month, for a mobile operator. Customers are generated, and why they leave is put in on purpose: short contracts, calls for
 * help, a fee that went up. Those who came through partners leave for reasons that no column holds, which the review has to find.
 */
export const churn = ({ customers = 6000, seed = 12 }: { customers?: number; seed?: number } = {}) =>
  recipe('churn', (k) => {
    const raw = k.source(
      'crm',
      generate('crm', {
        ...{ rows: customers, seed },
        columns: {
          customer: values.sequence({ start: 1000 }),
          asked: values.times({ start: '2025-01-01', every: hours(1) }),
          region: values.choice(['seoul', 'busan', 'daegu', 'daejeon', 'jeju'], { weights: [45, 22, 15, 12, 6] }),
          channel: values.choice(['shop', 'online', 'partner'], { weights: [45, 40, 15] }),
          age: values.choice(['18-29', '30-44', '45-59', '60+'], { weights: [24, 33, 28, 15] }),
          contract: values.choice(['monthly', 'one year', 'two years'], { weights: [50, 30, 20] }),
          tenure: values.uniform('int64', { min: 1, max: 96 }),
          fee: values.normal({ mean: 48, sd: 14, digits: 1 }),
          rise: values.normal({ mean: 1.5, sd: 4, digits: 1, nulls: 0.02 }),
          calls: values.uniform('float64', { min: 0, max: 1 }),
          usage: values.normal({ mean: 14, sd: 6, digits: 1, nulls: 0.01 }),
          luck: values.uniform('float64', { min: 0, max: 1 }),
        },
      }),
    )
    const none = constant(0, 'float64')
    const known = raw
      // most people never call for help, some call often
      .derive((r) => ({ calls: r.calls.pow(4).times(9).floor().cast('int64'), lift: r.rise.orElse(1.5) }))
      .derive((r) => ({
        pull: r.contract
          .eq('monthly')
          .choose(constant(1.3, 'float64'), none)
          .minus(r.contract.eq('two years').choose(constant(1, 'float64'), none))
          .plus(r.calls.times(0.45))
          .plus(r.lift.times(0.12))
          .minus(r.tenure.times(0.018))
          .plus(r.age.eq('18-29').choose(constant(0.4, 'float64'), none)),
      }))
      .derive((r) => ({ pull: r.channel.eq('partner').choose(constant(0.55, 'float64'), r.pull).minus(1.9) }))
      .derive((r) => ({ left: r.luck.lt(r.pull.neg().exp().plus(1).pow(-1)) }))
      .drop('pull', 'lift', 'luck')
    const customerMonths = k.dataset('customer-months', known, {
      moment: 'asked',
      split: byTime('asked', {
        train: ['2025-01-01', '2025-06-01'],
        validate: ['2025-06-01', '2025-07-10'],
        test: ['2025-07-10', '2026-01-01'],
      }),
      expect: (r, e) => [e.key('customer'), e.range(r.tenure, { min: 0 })],
    })

    const model = k.train('may-leave', customerMonths, {
      target: 'left',
      features: ['tenure', 'fee', 'rise', 'calls', 'usage'],
      fit: [ordinal(['contract', 'channel', 'region'])],
      candidates: [baseline(), logistic(), gbdt({ trees: 200, leaves: 8, learningRate: 0.05, earlyStopping: 20 })],
      gate: (m) => m.validate.auc.gt(m.baseline.validate.auc.plus(0.1)),
    })

    k.evaluate('may-leave-review', model, {
      purpose: {
        en: 'Who is likely to leave within a month, so that they can be offered something to stay. It must not decide who is served, or at what price.',
        ko: '한 달 안에 떠날 것 같은 고객을 찾아 붙잡을 제안을 합니다. 누구에게 서비스를 할지, 값을 얼마로 할지 정하는 데 쓰면 안 됩니다.',
      },
      segments: ['region', 'channel', 'contract', 'tenure'],
      groups: ['age'],
      // in thousands of won: an offer that was not needed, and a customer whom nobody asked to stay
      costs: { falsePositive: 15, falseNegative: 75 },
      against: baseline({ by: ['tenure'] }),
      curves: true,
    })
  })

export default churn()
