import { hours, postgres, recipe, rowNumber, secret } from 'galley'

/** Orders of a shop's database as they are each morning: what changed since yesterday is read, checked, and published as a whole. */
export const dailyOrders = (connection: Parameters<typeof postgres>[2]['connection']) =>
  recipe('daily-orders', (k) => {
    const changes = k.source(
      'order-changes',
      postgres(
        'orders',
        {
          id: 'int64',
          placed: 'timestamp',
          updated: 'timestamp',
          customer: 'int64',
          status: 'string',
          amount: 'decimal(12, 2)',
          coupon: 'string',
        },
        {
          connection,
          // an order that is updated comes again; one may come three days behind the newest (a till that was offline)
          cursor: 'updated',
          late: 3 * 86_400,
          // a column that the shop drops overnight is null from then on, and told by its expectation
          changes: 'evolve',
          broken: 'skip',
          mostBroken: '1%',
        },
      ),
    )

    // of an order that came several times the latest counts, so that a mistake that the shop mends is mended here, too
    const latest = k.step(
      'order-latest',
      changes
        .window({ by: 'id', order: { by: 'updated', descending: true } }, () => ({ place: rowNumber() }))
        .filter((r) => r.place.eq(1))
        .drop('place'),
    )

    k.dataset('orders-daily', latest, {
      key: ['id'],
      moment: 'placed',
      onSchemaChange: 'evolve',
      expect: (r, e) => [
        // a few rows like these are set aside; more than one in ten, and the day is stopped
        e.range(r.amount, { min: '0', mostly: 0.9 }).quarantine(),
        e.notNull(r.customer, { mostly: 0.9 }).quarantine(),
        e.key('id'),
        // one that is new to us is told; nobody is woken for it
        e.oneOf(r.status, ['placed', 'paid', 'sent', 'returned']).warn(),
        e.notNull(r.coupon, { mostly: 0.05 }).titled('coupons are still filled in').warn(),
        // half as many, or half as many again, as in the versions before: somebody has to look first
        e.volume({ min: 1, change: 0.5 }),
        e.fresh('updated', hours(36)).warn(),
      ],
    })
  })

export default dailyOrders(secret('SHOP_DB'))
