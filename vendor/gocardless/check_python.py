"""The official Python client, unchanged but for the URL, against a running sandbox.

Usage: check_python.py SANDBOX_URL [TOKEN]; what is expected is in the gocardless sheet.
"""

import datetime
import itertools
import os
import sys
import uuid

import gocardless_pro
from gocardless_pro import errors, webhooks

# The sources stay clean: no __pycache__ beside them.
sys.dont_write_bytecode = True

from harness import Checks, Receiver, Sandbox, equal, raises

check = Checks()
# A valid UK account number per customer: any eight digits do with this sort code.
account_numbers = itertools.count(55779911)


class Account:
    """What the checks share: clients, the sandbox, and short ways to a usable mandate."""

    def __init__(self, url, token):
        self.url, self.token = url, token
        self.client = gocardless_pro.Client(access_token=token, base_url=url)
        self.strict = gocardless_pro.Client(
            access_token=token, base_url=url, raise_on_idempotency_conflict=True)
        self.sandbox = Sandbox(url)
        self.creditor = self.client.creditors.list().records[0].id

    def customer(self, **fields):
        fields = {"given_name": "Ada", "family_name": "Byron", "email": "ada@example.com",
                  "country_code": "GB", **fields}
        return self.client.customers.create(params=fields)

    def bank_account(self, customer, **fields):
        fields = {"account_holder_name": "Ada Byron", "branch_code": "200000",
                  "account_number": str(next(account_numbers)), "country_code": "GB",
                  "links": {"customer": customer.id}, **fields}
        return self.client.customer_bank_accounts.create(params=fields)

    def mandate(self, active=True):
        bank_account = self.bank_account(self.customer())
        mandate = self.client.mandates.create(params={
            "scheme": "bacs", "links": {"customer_bank_account": bank_account.id}})
        if active:
            self.simulate("mandate_activated", mandate.id)
            mandate = self.client.mandates.get(mandate.id)
            equal(mandate.status, "active", "mandate status")
        return mandate

    def payment(self, mandate, amount=1250, headers=None, **fields):
        fields = {"amount": amount, "currency": "GBP", "links": {"mandate": mandate.id}, **fields}
        return self.client.payments.create(params=fields, headers=headers)

    def simulate(self, scenario, resource):
        run = self.client.scenario_simulators.run(
            scenario, params={"links": {"resource": resource}})
        self.sandbox.advance(10)
        return run

    def status(self, payment):
        return self.client.payments.get(payment.id).status


@check
def customers_are_created_read_changed_and_removed(account):
    customer = account.customer(metadata={"erp_id": "4711"})
    equal(customer.id[:2], "CU")
    equal(customer.metadata, {"erp_id": "4711"})
    read = account.client.customers.get(customer.id)
    equal(read.attributes, customer.attributes, "read customer")
    changed = account.client.customers.update(customer.id, params={"email": "b@example.com"})
    equal((changed.email, changed.given_name), ("b@example.com", "Ada"))
    account.client.customers.remove(customer.id)
    raises(errors.InvalidApiUsageError, lambda: account.client.customers.get(customer.id))


@check
def bank_accounts_hide_the_number_and_refuse_duplicates(account):
    customer = account.customer()
    number = str(next(account_numbers))
    bank_account = account.bank_account(customer, account_number=number)
    equal(bank_account.account_number_ending, number[-2:])
    equal("account_number" in bank_account.attributes, False, "number shown")
    equal((bank_account.currency, bank_account.enabled), ("GBP", True))
    twice = raises(errors.ValidationFailedError,
                   lambda: account.bank_account(customer, account_number=number),
                   409, "bank_account_exists")
    equal(twice.errors[0]["links"], {"customer_bank_account": bank_account.id})
    disabled = account.client.customer_bank_accounts.disable(bank_account.id)
    equal(disabled.enabled, False)
    raises(errors.InvalidStateError,
           lambda: account.client.customer_bank_accounts.disable(bank_account.id),
           422, "disable_failed")


@check
def mandates_tell_when_they_can_be_charged(account):
    mandate = account.mandate(active=False)
    equal(mandate.status in ("pending_submission", "submitted"), True, mandate.status)
    equal((mandate.scheme, mandate.links.creditor), ("bacs", account.creditor))
    datetime.date.fromisoformat(mandate.next_possible_charge_date)
    cancelled = account.client.mandates.cancel(mandate.id)
    equal(cancelled.status, "cancelled")
    raises(errors.InvalidStateError, lambda: account.client.mandates.cancel(mandate.id),
           422, "cancellation_failed")
    raises(errors.InvalidStateError, lambda: account.payment(mandate), 422, "mandate_is_inactive")


@check
def payments_are_created_and_changed(account):
    mandate = account.mandate()
    payment = account.payment(mandate, description="Invoice 7", metadata={"invoice": "7"})
    equal((payment.amount, payment.currency, payment.status, payment.amount_refunded),
          (1250, "GBP", "pending_submission", 0))
    equal((payment.charge_date, payment.links.mandate),
          (mandate.next_possible_charge_date, mandate.id))
    changed = account.client.payments.update(payment.id, params={"metadata": {"paid": "no"}})
    equal(changed.metadata, {"paid": "no"}, "metadata is replaced")


@check
def a_used_idempotency_key_leads_to_the_first_resource(account):
    mandate = account.mandate()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = account.payment(mandate, amount=1000, headers=key)
    again = account.payment(mandate, amount=2000, headers=key)
    equal((again.id, again.amount), (first.id, 1000))
    strict = raises(errors.IdempotentCreationConflictError, lambda: account.strict.payments.create(
        params={"amount": 1000, "currency": "GBP", "links": {"mandate": mandate.id}},
        headers=key), 409)
    equal(strict.conflicting_resource_id, first.id)


@check
def a_refused_request_does_not_use_up_its_key(account):
    mandate = account.mandate()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    raises(errors.ValidationFailedError, lambda: account.payment(mandate, amount=0, headers=key))
    equal(account.payment(mandate, amount=1000, headers=key).amount, 1000)


@check
def a_lost_answer_leads_to_one_payment(account):
    mandate = account.mandate()
    account.sandbox.fault("reset_after", method="POST", path="/payments")
    # The client repeats the request with the same key when the connection breaks.
    payment = account.payment(mandate)
    listed = account.client.payments.list(params={"mandate": mandate.id}).records
    equal([found.id for found in listed], [payment.id])
    account.sandbox.fault("bad_gateway", method="GET", path="/payments/:id")
    equal(account.client.payments.get(payment.id).id, payment.id, "repeated after 502")
    account.sandbox.fault("internal_error", method="GET", path="/payments/:id")
    error = raises(errors.GoCardlessInternalError,
                   lambda: account.client.payments.get(payment.id), 500)
    equal(error.errors, None)


@check
def payments_are_cancelled_once(account):
    payment = account.payment(account.mandate())
    equal(account.client.payments.cancel(payment.id).status, "cancelled")
    raises(errors.InvalidStateError, lambda: account.client.payments.cancel(payment.id),
           422, "cancellation_failed")


@check
def failed_payments_are_retried(account):
    payment = account.payment(account.mandate())
    raises(errors.InvalidStateError, lambda: account.client.payments.retry(payment.id),
           422, "retry_failed")
    account.simulate("payment_failed", payment.id)
    equal(account.status(payment), "failed")
    retried = account.client.payments.retry(payment.id, params={"metadata": {"try": "2"}})
    equal((retried.id, retried.status), (payment.id, "pending_submission"))


@check
def refunds_need_to_be_switched_on(account):
    payment = account.payment(account.mandate(), amount=5000)
    account.simulate("payment_paid_out", payment.id)
    # Past the refund safety period.
    account.sandbox.advance(21 * 86400)

    def refund(amount, confirmation):
        return account.client.refunds.create(params={
            "amount": amount, "total_amount_confirmation": confirmation,
            "links": {"payment": payment.id}})

    refunds_allowed(account, False)
    raises(errors.PermissionsError, lambda: refund(1000, 1000), 403)
    refunds_allowed(account, True)
    # Money to refund from.
    account.simulate("payment_confirmed", account.payment(account.mandate(), amount=40000).id)
    first = refund(1000, 1000)
    equal((first.amount, first.links.payment), (1000, payment.id))
    raises(errors.InvalidStateError, lambda: refund(1000, 1000),
           422, "total_amount_confirmation_invalid")
    refund(500, 1500)
    equal(account.client.payments.get(payment.id).amount_refunded, 1500)
    listed = account.client.refunds.list(params={"payment": payment.id}).records
    equal([found.amount for found in listed], [500, 1000], "refunds, newest first")


def refunds_allowed(account, allowed):
    action = "enable_refunds" if allowed else "disable_refunds"
    account.sandbox.control("POST", "/gocardless/act", {
        "action": action, "creditor": account.creditor})


@check
def lists_are_paged_by_cursors(account):
    mandate = account.mandate()
    made = [account.payment(mandate, amount=1000 + n).id for n in range(5)]
    newest_first = list(reversed(made))
    page = account.client.payments.list(params={"mandate": mandate.id, "limit": 2})
    equal([payment.id for payment in page.records], newest_first[:2])
    equal((page.before, page.after), (None, newest_first[1]))
    page = account.client.payments.list(
        params={"mandate": mandate.id, "limit": 2, "after": page.after})
    equal([payment.id for payment in page.records], newest_first[2:4])
    equal(page.before, newest_first[2])
    pages = account.client.payments.all(params={"mandate": mandate.id, "limit": 2})
    equal([payment.id for payment in pages], newest_first)
    raises(errors.InvalidApiUsageError,
           lambda: account.client.payments.list(params={"limit": 501}))


@check
def filters_take_repeated_keys_commas_and_ranges(account):
    mandate = account.mandate()
    bank_account = mandate.links.customer_bank_account

    def found(**params):
        params = {"customer_bank_account": bank_account, **params}
        return [record.id for record in account.client.mandates.list(params=params).records]

    equal(found(status=["active", "submitted"]), [mandate.id], "repeated key")
    equal(found(status="failed,active"), [mandate.id], "comma")
    equal(found(status=["failed", "cancelled"]), [])
    equal(found(**{"created_at[gte]": mandate.created_at}), [mandate.id])
    equal(found(**{"created_at[gt]": mandate.created_at}), [])
    raises(errors.InvalidApiUsageError, lambda: found(customer="CU123"), 400, "invalid_filters")


@check
def payouts_add_up_to_their_items(account):
    payment = account.payment(account.mandate(), amount=12000)
    account.simulate("payment_paid_out", payment.id)
    payout_id = account.client.payments.get(payment.id).links.payout
    payout = account.client.payouts.get(payout_id)
    equal((payout.payout_type, payout.currency, payout.links.creditor),
          ("merchant", "GBP", account.creditor))
    items = list(account.client.payout_items.all(params={"payout": payout_id}))
    # Amounts are strings with one decimal: tenths of a penny, added as integers.
    tenths = sum(int(item.amount.replace(".", "")) for item in items)
    equal(abs(payout.amount * 10 - tenths) <= 10, True, "%d and %d" % (payout.amount, tenths))
    gross = [item.amount for item in items
             if item.type == "payment_paid_out" and item.links.payment == payment.id]
    equal(gross, ["12000.0"])
    listed = account.client.payouts.list(params={"creditor": account.creditor}).records
    equal(payout_id in [record.id for record in listed], True)


@check
def payout_items_need_a_payout(account):
    try:
        account.client.payout_items.list()
    except (errors.InvalidApiUsageError, errors.ValidationFailedError) as error:
        equal(error.code in (400, 422), True, error.code)
    else:
        raise AssertionError("a list without payout was answered")


@check
def events_tell_the_story_of_a_payment(account):
    payment = account.payment(account.mandate())
    account.simulate("payment_confirmed", payment.id)
    events = account.client.events.list(params={"payment": payment.id}).records
    equal([event.action for event in events], ["confirmed", "submitted", "created"])
    equal({event.links.payment for event in events}, {payment.id})
    one = account.client.events.get(events[0].id)
    equal(one.details.origin, "gocardless")
    page = account.client.events.list(
        params={"resource_type": "payments", "action": "confirmed", "include": "payment"})
    linked = page.api_response.body["linked"]["payments"]
    equal(payment.id in [record["id"] for record in linked], True)


@check
def billing_requests_end_in_a_mandate(account):
    request = account.client.billing_requests.create(params={
        "mandate_request": {"scheme": "bacs", "currency": "GBP", "metadata": {"erp_id": "9"}},
        "metadata": {"erp_id": "9"}})
    equal((request.id[:3], request.status), ("BRQ", "pending"))
    flow = account.client.billing_request_flows.create(params={
        "redirect_uri": "https://shop.example.com/done",
        "exit_uri": "https://shop.example.com/exit",
        "links": {"billing_request": request.id}})
    equal((flow.id[:3], flow.links.billing_request), ("BRF", request.id))
    equal(flow.id in flow.authorisation_url, True, flow.authorisation_url)
    service = account.client.billing_requests
    raises(errors.InvalidStateError, lambda: service.fulfil(request.id))
    service.collect_customer_details(request.id, params={
        "customer": {"given_name": "Ada", "family_name": "Byron", "email": "a@example.com"},
        "customer_billing_detail": {"address_line1": "1 High Street", "city": "London",
                                    "postal_code": "E1 6AN", "country_code": "GB"}})
    service.collect_bank_account(request.id, params={
        "account_holder_name": "Ada Byron", "branch_code": "200000", "country_code": "GB",
        "account_number": str(next(account_numbers))})
    ready = service.confirm_payer_details(request.id)
    equal(ready.status, "ready_to_fulfil")
    done = service.fulfil(request.id)
    equal(done.status in ("fulfilling", "fulfilled"), True, done.status)
    account.sandbox.advance(60)
    done = service.get(request.id)
    mandate = account.client.mandates.get(done.attributes["links"]["mandate_request_mandate"])
    equal(mandate.metadata, {"erp_id": "9"}, "only the mandate request's metadata arrives")
    equal(mandate.links.customer, done.links.customer)


@check
def subscriptions_and_instalments_make_payments(account):
    mandate = account.mandate()
    subscription = account.client.subscriptions.create(params={
        "amount": 900, "currency": "GBP", "interval_unit": "monthly", "count": 3,
        "name": "Membership", "links": {"mandate": mandate.id}})
    equal((subscription.status, len(subscription.attributes["upcoming_payments"])), ("active", 3))
    equal(account.client.subscriptions.cancel(subscription.id).status, "cancelled")
    day = datetime.date.fromisoformat(mandate.next_possible_charge_date)
    later = (day + datetime.timedelta(days=30)).isoformat()
    schedule = account.client.instalment_schedules.create_with_dates(params={
        "name": "Invoice 8", "total_amount": 3000, "currency": "GBP",
        "instalments": [{"amount": 1000, "charge_date": day.isoformat()},
                        {"amount": 2000, "charge_date": later}],
        "links": {"mandate": mandate.id}})
    equal(schedule.status, "pending", "creation is asynchronous")
    account.sandbox.advance(60)
    schedule = account.client.instalment_schedules.get(schedule.id)
    equal((schedule.status, len(schedule.attributes["links"]["payments"])), ("active", 2))


@check
def simulators_refuse_the_wrong_state(account):
    payment = account.payment(account.mandate())
    account.simulate("payment_charged_back", payment.id)
    equal(account.status(payment), "charged_back")
    raises(errors.InvalidStateError,
           lambda: account.simulate("payment_submitted", payment.id), 422)
    late = account.payment(account.mandate())
    account.simulate("payment_late_failure", late.id)
    equal(account.status(late), "failed")


@check
def wrong_fields_are_pointed_at(account):
    mandate = account.mandate()
    error = raises(errors.ValidationFailedError, lambda: account.payment(mandate, amount=0), 422)
    equal((error.errors[0]["field"], error.errors[0]["request_pointer"]),
          ("amount", "/payments/amount"))
    equal("amount" in str(error), True, str(error))
    error = raises(errors.ValidationFailedError,
                   lambda: account.payment(mandate, charge_date="2020-01-01"), 422)
    equal(error.errors[0]["request_pointer"], "/payments/charge_date")
    error = raises(errors.InvalidApiUsageError,
                   lambda: account.payment(mandate, metadata={"order": 7}), 422)
    equal(error.errors[0]["request_pointer"], "/payments/metadata/order")
    raises(errors.InvalidApiUsageError, lambda: account.payment(mandate, colour="red"), 400)
    raises(errors.InvalidApiUsageError, lambda: account.client.payments.get("PM123"),
           404, "resource_not_found")


@check
def unknown_tokens_are_refused(account):
    stranger = gocardless_pro.Client(access_token="not-a-token", base_url=account.url)
    error = raises(errors.AuthenticationError, lambda: stranger.customers.list(), 401)
    equal(error.type, "invalid_api_usage")


@check
def read_only_tokens_may_not_write(account):
    account.sandbox.control("POST", "/gocardless/seed", {
        "tokens": [{"token": "reader", "read_only": True}]})
    reader = gocardless_pro.Client(access_token="reader", base_url=account.url)
    equal(reader.creditors.list().records[0].id, account.creditor)
    raises(errors.PermissionsError, lambda: reader.customers.create(params={}), 403)


@check
def the_rate_limit_is_told_and_kept(account):
    account.client.customers.list()
    rate_limit = account.client._api_client.rate_limit
    before = rate_limit.remaining
    equal(rate_limit.limit, 1000)
    datetime.datetime.strptime(rate_limit.reset, "%a, %d %b %Y %H:%M:%S GMT")
    account.client.customers.list()
    equal(rate_limit.remaining, before - 1)
    account.sandbox.settings(rate_limit_per_minute=1)
    try:
        raises(errors.RateLimitError, lambda: account.client.customers.list(), 429)
        account.sandbox.advance(60)
        account.client.customers.list()
    finally:
        account.sandbox.settings(rate_limit_per_minute=1000)


@check
def webhooks_are_signed(account):
    receiver = Receiver()
    secret = "endpoint secret"
    account.sandbox.control("POST", "/gocardless/seed", {
        "webhook_endpoints": [{"url": receiver.url, "secret": secret}]})
    payment = account.payment(account.mandate())
    account.sandbox.advance(60)
    receiver.close()
    seen = []
    for headers, body in receiver.received:
        signature = headers["Webhook-Signature"]
        parsed = webhooks.parse_with_meta(body, secret, signature)
        equal(parsed.webhook_id[:2], "WB")
        seen.extend(parsed.events)
        equal([event.id for event in webhooks.parse(body, secret, signature)],
              [event.id for event in parsed.events])
        for wrong in [(body + b"\n", secret, signature), (body, "other", signature),
                      (body, secret, "0" * 64)]:
            raises(errors.InvalidSignatureError, lambda: webhooks.parse(*wrong))
    created = [event for event in seen if event.attributes["links"].get("payment") == payment.id]
    equal([event.action for event in created], ["created"])
    listed = account.client.events.get(created[0].id)
    equal(listed.attributes, created[0].attributes, "event in webhook and list")
    sent = account.client.webhooks.list().records[0]
    equal((sent.successful, sent.response_code), (True, 204))


@check
def old_payout_items_are_gone(account):
    # Large enough to make up for the debits that the checks before have left.
    payment = account.payment(account.mandate(), amount=90000)
    account.simulate("payment_paid_out", payment.id)
    payout = account.client.payments.get(payment.id).links.payout
    equal(payout[:2], "PO")
    equal(len(account.client.payout_items.list(params={"payout": payout}).records) > 0, True)
    account.sandbox.advance(200 * 86400)
    raises(errors.InvalidApiUsageError,
           lambda: account.client.payout_items.list(params={"payout": payout}), 410)


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    token = arguments[1] if len(arguments) > 1 else "sandbox-gocardless-read-write"
    sys.exit(check.run(Account(arguments[0].rstrip("/"), token)))
