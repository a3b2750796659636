// The official Node client, unchanged but for the URL, against a running sandbox.
// Usage: node check_node.mjs SANDBOX_URL [TOKEN]; what is expected is in the gocardless sheet.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import gocardless, {
  AuthenticationError,
  Environments,
  GoCardlessInternalError,
  IdempotentCreationConflictError,
  InvalidApiUsageError,
  InvalidSignatureError,
  InvalidStateError,
  PermissionsError,
  RateLimitError,
  ValidationFailedError,
  parse,
} from 'gocardless-nodejs';

import { Sandbox, plain, receiver, rejects, run } from './harness.mjs';

const equal = assert.deepEqual;
let accountNumber = 66779911;

/** What the checks share: clients, the sandbox, and short ways to a usable mandate. */
class Account {
  static async open(url, token) {
    const account = new Account();
    account.url = url;
    account.client = account.connect(token);
    account.strict = account.connect(token, { raiseOnIdempotencyConflict: true });
    account.sandbox = new Sandbox(url);
    account.creditor = (await account.client.creditors.list()).creditors[0].id;
    return account;
  }

  connect(token, options = {}) {
    const client = gocardless(token, Environments.Sandbox, options);
    client._api._baseUrl = this.url;
    return client;
  }

  customer(fields = {}) {
    return this.client.customers.create({
      given_name: 'Ada',
      family_name: 'Byron',
      email: 'ada@example.com',
      country_code: 'GB',
      ...fields,
    });
  }

  bankAccount(customer, fields = {}) {
    accountNumber += 1;
    return this.client.customerBankAccounts.create({
      account_holder_name: 'Ada Byron',
      branch_code: '200000',
      account_number: String(accountNumber),
      country_code: 'GB',
      links: { customer: customer.id },
      ...fields,
    });
  }

  async mandate() {
    const bankAccount = await this.bankAccount(await this.customer());
    const { id } = await this.client.mandates.create({
      scheme: 'bacs',
      links: { customer_bank_account: bankAccount.id },
    });
    await this.simulate('mandate_activated', id);
    const mandate = await this.client.mandates.find(id);
    equal(mandate.status, 'active');
    return mandate;
  }

  payment(mandate, fields = {}, key = undefined) {
    const parameters = { amount: 1250, currency: 'GBP', links: { mandate: mandate.id }, ...fields };
    return this.client.payments.create(parameters, key);
  }

  async simulate(scenario, resource) {
    await this.client.scenarioSimulators.run(scenario, { links: { resource } });
    await this.sandbox.advance(10);
  }

  async status(payment) {
    return (await this.client.payments.find(payment.id)).status;
  }

  allowRefunds(allowed) {
    const action = allowed ? 'enable_refunds' : 'disable_refunds';
    const body = { action, creditor: this.creditor };
    return this.sandbox.control('POST', '/gocardless/act', body);
  }
}

const checks = {
  async 'customers are created, read, changed and removed'(account) {
    const { customers } = account.client;
    const made = await account.customer({ metadata: { erp_id: '1' } });
    equal(plain(await customers.find(made.id)), plain(made));
    const changed = await customers.update(made.id, { email: 'b@example.com' });
    equal([changed.email, changed.given_name], ['b@example.com', 'Ada']);
    await customers.remove(made.id);
    await rejects(InvalidApiUsageError, () => customers.find(made.id));
  },

  async 'bank accounts refuse duplicates'(account) {
    const customer = await account.customer();
    const first = await account.bankAccount(customer, { account_number: '12345678' });
    equal([first.account_number_ending, first.currency, first.enabled], ['78', 'GBP', true]);
    const twice = await rejects(
      ValidationFailedError,
      () => account.bankAccount(customer, { account_number: '12345678' }),
      409,
      'bank_account_exists',
    );
    equal(twice.errors[0].links, { customer_bank_account: first.id });
  },

  async 'a used idempotency key leads to the first resource'(account) {
    const mandate = await account.mandate();
    const key = randomUUID();
    const first = await account.payment(mandate, { amount: 1000 }, key);
    const again = await account.payment(mandate, { amount: 2000 }, key);
    equal([again.id, again.amount], [first.id, 1000]);
    const links = { mandate: mandate.id };
    const error = await rejects(
      IdempotentCreationConflictError,
      () => account.strict.payments.create({ amount: 1000, currency: 'GBP', links }, key),
      409,
    );
    equal(error.conflictingResourceId, first.id);
  },

  async 'a lost answer leads to one payment'(account) {
    const mandate = await account.mandate();
    const key = randomUUID();
    const where = { method: 'POST', path: '/payments' };
    await account.sandbox.fault('reset_after', where);
    // Node's client repeats no POST: its caller does, with the same key.
    await assert.rejects(() => account.payment(mandate, {}, key), { code: 'ECONNRESET' });
    const payment = await account.payment(mandate, {}, key);
    const { payments } = await account.client.payments.list({ mandate: mandate.id });
    equal(payments.map(({ id }) => id), [payment.id]);
    await account.sandbox.fault('internal_error', where);
    await rejects(GoCardlessInternalError, () => account.payment(mandate), 500);
  },

  async 'payments are cancelled once'(account) {
    const payment = await account.payment(await account.mandate());
    equal(payment.status, 'pending_submission');
    equal((await account.client.payments.cancel(payment.id)).status, 'cancelled');
    const again = () => account.client.payments.cancel(payment.id, { metadata: { by: 'test' } });
    await rejects(InvalidStateError, again, 422, 'cancellation_failed');
  },

  async 'failed payments are retried'(account) {
    const payment = await account.payment(await account.mandate());
    const retry = () => account.client.payments.retry(payment.id);
    await rejects(InvalidStateError, retry, 422, 'retry_failed');
    await account.simulate('payment_failed', payment.id);
    equal(await account.status(payment), 'failed');
    equal((await retry()).status, 'pending_submission');
  },

  async 'refunds need to be switched on'(account) {
    const payment = await account.payment(await account.mandate(), { amount: 5000 });
    await account.simulate('payment_paid_out', payment.id);
    // Past the refund safety period.
    await account.sandbox.advance(21 * 86400);
    const refund = (amount, total_amount_confirmation) =>
      account.client.refunds.create({
        amount,
        total_amount_confirmation,
        links: { payment: payment.id },
      });
    await account.allowRefunds(false);
    await rejects(PermissionsError, () => refund(1000, 1000), 403);
    await account.allowRefunds(true);
    // Money to refund from.
    const more = await account.payment(await account.mandate(), { amount: 40000 });
    await account.simulate('payment_confirmed', more.id);
    equal((await refund(1000, 1000)).amount, 1000);
    const reason = 'total_amount_confirmation_invalid';
    await rejects(InvalidStateError, () => refund(1000, 1000), 422, reason);
    await refund(500, 1500);
    equal((await account.client.payments.find(payment.id)).amount_refunded, 1500);
  },

  async 'lists are paged by cursors'(account) {
    const { client } = account;
    const mandate = await account.mandate();
    const made = [];
    for (const amount of [1000, 1001, 1002, 1003, 1004]) {
      made.unshift((await account.payment(mandate, { amount })).id);
    }
    const page = await client.payments.list({ mandate: mandate.id, limit: 2 });
    equal(page.payments.map(({ id }) => id), made.slice(0, 2));
    equal(page.meta, { cursors: { before: null, after: made[1] }, limit: 2 });
    const seen = [];
    for await (const payment of client.payments.all({ mandate: mandate.id, limit: 2 })) {
      seen.push(payment.id);
    }
    equal(seen, made);
    await rejects(InvalidApiUsageError, () => client.payments.list({ limit: 501 }));
  },

  async 'filters take comma lists and ranges'(account) {
    const mandate = await account.mandate();
    const { customer_bank_account } = mandate.links;
    const found = async (filters) => {
      const list = await account.client.mandates.list({ customer_bank_account, ...filters });
      return list.mandates.map(({ id }) => id);
    };
    equal(await found({ status: ['active', 'submitted'] }), [mandate.id]);
    equal(await found({ status: ['failed', 'cancelled'] }), []);
    equal(await found({ created_at: { gte: mandate.created_at } }), [mandate.id]);
    equal(await found({ created_at: { gt: mandate.created_at } }), []);
    const both = () => found({ customer: 'CU123' });
    await rejects(InvalidApiUsageError, both, 400, 'invalid_filters');
  },

  async 'payouts add up to their items'(account) {
    const { client } = account;
    const payment = await account.payment(await account.mandate(), { amount: 12000 });
    await account.simulate('payment_paid_out', payment.id);
    const id = (await client.payments.find(payment.id)).links.payout;
    const payout = await client.payouts.find(id);
    let tenths = 0;
    const gross = [];
    for await (const item of client.payoutItems.all({ payout: id })) {
      assert.match(item.amount, /^-?\d+\.\d$/);
      tenths += Number(item.amount.replace('.', ''));
      if (item.type === 'payment_paid_out' && item.links.payment === payment.id) {
        gross.push(item.amount);
      }
    }
    equal(gross, ['12000.0']);
    assert.ok(Math.abs(payout.amount * 10 - tenths) <= 10, `${payout.amount} and ${tenths}`);
  },

  async 'events tell the story of a payment'(account) {
    const { client } = account;
    const payment = await account.payment(await account.mandate());
    await account.simulate('payment_confirmed', payment.id);
    const { events } = await client.events.list({ payment: payment.id });
    equal(events.map(({ action }) => action), ['confirmed', 'submitted', 'created']);
    equal(plain(await client.events.find(events[0].id)), events[0]);
    const filters = { resource_type: 'payments', action: 'confirmed', include: 'payment' };
    const { linked } = await client.events.list(filters);
    assert.ok(linked.payments.some(({ id }) => id === payment.id));
  },

  async 'billing requests end in a mandate'(account) {
    const { billingRequests, billingRequestFlows, mandates } = account.client;
    const { id, status } = await billingRequests.create({
      mandate_request: { scheme: 'bacs', currency: 'GBP', metadata: { erp_id: '9' } },
    });
    equal(status, 'pending');
    const flow = await billingRequestFlows.create({
      redirect_uri: 'https://shop.example.com/done',
      exit_uri: 'https://shop.example.com/exit',
      links: { billing_request: id },
    });
    assert.ok(flow.authorisation_url.includes(flow.id), flow.authorisation_url);
    await rejects(InvalidStateError, () => billingRequests.fulfil(id, {}));
    await billingRequests.collectCustomerDetails(id, {
      customer: { given_name: 'Ada', family_name: 'Byron', email: 'a@example.com' },
      customer_billing_detail: {
        address_line1: '1 High Street',
        city: 'London',
        postal_code: 'E1 6AN',
        country_code: 'GB',
      },
    });
    accountNumber += 1;
    await billingRequests.collectBankAccount(id, {
      account_holder_name: 'Ada Byron',
      branch_code: '200000',
      account_number: String(accountNumber),
      country_code: 'GB',
    });
    equal((await billingRequests.confirmPayerDetails(id, {})).status, 'ready_to_fulfil');
    await billingRequests.fulfil(id, {});
    await account.sandbox.advance(60);
    const done = await billingRequests.find(id);
    equal(done.status, 'fulfilled');
    const mandate = await mandates.find(done.links.mandate_request_mandate);
    equal(mandate.metadata, { erp_id: '9' });
  },

  async 'instalment schedules make payments later'(account) {
    const mandate = await account.mandate();
    const { instalmentSchedules } = account.client;
    const charge_date = mandate.next_possible_charge_date;
    const { id, status } = await instalmentSchedules.createWithDates({
      name: 'Invoice 8',
      total_amount: 3000,
      currency: 'GBP',
      instalments: [
        { amount: 1000, charge_date },
        { amount: 2000, charge_date },
      ],
      links: { mandate: mandate.id },
    });
    equal(status, 'pending');
    await account.sandbox.advance(60);
    const schedule = await instalmentSchedules.find(id);
    equal([schedule.status, schedule.links.payments.length], ['active', 2]);
  },

  async 'simulators refuse the wrong state'(account) {
    const payment = await account.payment(await account.mandate());
    await account.simulate('payment_charged_back', payment.id);
    equal(await account.status(payment), 'charged_back');
    const again = () => account.simulate('payment_submitted', payment.id);
    await rejects(InvalidStateError, again, 422);
  },

  async 'wrong fields are pointed at'(account) {
    const mandate = await account.mandate();
    const refused = (kind, fields, status) =>
      rejects(kind, () => account.payment(mandate, fields), status);
    let error = await refused(ValidationFailedError, { amount: 0 }, 422);
    equal(error.errors[0].request_pointer, '/payments/amount');
    error = await refused(ValidationFailedError, { charge_date: '2020-01-01' }, 422);
    equal(error.errors[0].request_pointer, '/payments/charge_date');
    error = await refused(InvalidApiUsageError, { metadata: { order: 7 } }, 422);
    equal(error.errors[0].request_pointer, '/payments/metadata/order');
    await refused(InvalidApiUsageError, { colour: 'red' }, 400);
    const unknown = () => account.client.payments.find('PM123');
    error = await rejects(InvalidApiUsageError, unknown, 404, 'resource_not_found');
    equal(error.requestId, error.response.headers['x-request-id']);
  },

  async 'unknown tokens are refused'(account) {
    const stranger = account.connect('not-a-token');
    await rejects(AuthenticationError, () => stranger.customers.list(), 401);
  },

  async 'the rate limit is told and kept'(account) {
    const { __response__ } = await account.client.customers.list();
    const { headers } = __response__;
    equal(headers['ratelimit-limit'], '1000');
    assert.match(headers['ratelimit-reset'], /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:00 GMT$/);
    await account.sandbox.settings({ rate_limit_per_minute: 1 });
    try {
      // A POST: the client's HTTP library repeats a GET after 429 and would wait.
      await rejects(RateLimitError, () => account.customer(), 429);
      await account.sandbox.advance(60);
      await account.customer();
    } finally {
      await account.sandbox.settings({ rate_limit_per_minute: 1000 });
    }
  },

  async 'webhooks are signed'(account) {
    const endpoint = await receiver();
    const secret = 'endpoint secret';
    await account.sandbox.control('POST', '/gocardless/seed', {
      webhook_endpoints: [{ url: endpoint.url, secret }],
    });
    const payment = await account.payment(await account.mandate());
    await account.sandbox.advance(60);
    endpoint.close();
    const seen = [];
    for (const { headers, body } of endpoint.received) {
      const signature = headers['webhook-signature'];
      seen.push(...parse(body, secret, signature));
      for (const wrong of [
        [Buffer.concat([body, Buffer.from('\n')]), secret, signature],
        [body, 'other', signature],
        [body, secret, '0'.repeat(64)],
      ]) {
        assert.throws(() => parse(...wrong), InvalidSignatureError);
      }
    }
    const created = seen.filter(({ links }) => links.payment === payment.id);
    equal(created.map(({ action }) => action), ['created']);
    equal(plain(await account.client.events.find(created[0].id)), created[0]);
  },
};

const [url, token = 'sandbox-gocardless-read-write'] = process.argv.slice(2);
if (url === undefined) {
  console.error('Usage: node check_node.mjs SANDBOX_URL [TOKEN]');
  process.exit(2);
}
process.exit(await run(checks, await Account.open(url.replace(/\/$/, ''), token)));
