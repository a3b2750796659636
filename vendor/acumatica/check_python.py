"""A public Python client, unchanged but for the URL, against a running sandbox.

Usage: check_python.py SANDBOX_URL; what is expected is in the acumatica sheet.
"""

import os
import sys

# The sources stay clean: no __pycache__ beside them.
sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "gocardless"))

from easy_acumatica import AcumaticaClient, exceptions
from easy_acumatica.odata import CustomField, F, QueryOptions

from harness import Checks, Sandbox, equal

VERSION = "24.200.001"
USER, PASSWORD, TENANT = "mlconnector", "secret", "Acme"

check = Checks()


def wrapped(**fields):
    """Fields as the contract takes them."""
    return {name: {"value": value} for name, value in fields.items()}


def plain(record, *names):
    """The values of some fields of an answer."""
    return tuple(record[name].get("value") for name in names)


def refused(kind, status, text, call):
    """The call must raise exactly this class, with this status and a text that holds this one."""
    try:
        result = call()
    except exceptions.AcumaticaError as error:
        equal(type(error).__name__, kind.__name__, "class of %s" % error)
        equal(error.status_code, status, "status")
        if text not in str(error.response_data):
            raise AssertionError("%r lacks %r" % (error.response_data, text)) from error
        return error
    raise AssertionError("expected %s, got %r" % (kind.__name__, result))


class Books:
    """What the checks share: a client, the sandbox, and short ways to documents."""

    def __init__(self, url):
        self.url = url
        self.sandbox = Sandbox(url)
        self.client = self.sign_in()

    def sign_in(self, password=PASSWORD):
        return AcumaticaClient(
            base_url=self.url, username=USER, password=password, tenant=TENANT, branch="MAIN",
            locale="en-US", endpoint_version=VERSION, rate_limit_calls_per_second=1000,
            timeout=20)

    def control(self, path, body):
        return self.sandbox.control("POST", "/acumatica" + path, body)

    def truth(self, part=""):
        return self.sandbox.control("GET", "/acumatica/truth" + part)

    def balance(self, account):
        ledger = self.truth("/ledger")
        equal(ledger["trial_balance"], "0", "trial balance")
        found = [row for row in ledger["accounts"] if row["account"] == account]
        return found[0]["balance"] if found else "0"

    def customer(self, number):
        model = self.client.models.Customer(CustomerID=number, CustomerName="Ada " + number)
        return self.client.customer.put_entity(model)

    def invoice(self, customer, amount):
        """A released invoice; its number."""
        seeded = self.control("/seed", {"invoices": [
            {"customer": customer, "amount": amount, "date": "2026-03-01"}]})
        return seeded["invoices"][0]["ReferenceNbr"]

    def payment(self, customer, invoice, reference, amount):
        models = self.client.models
        applied = models.PaymentDocumentsToApply(
            DocType="Invoice", ReferenceNbr=invoice, DocLineNbr=0, AmountPaid=amount)
        return models.Payment(
            Type="Payment", CustomerID=customer, PaymentMethod="GOCARDLESS", CashAccount="10250",
            ApplicationDate="2026-03-02T00:00:00", PaymentAmount=amount, PaymentRef=reference,
            ExternalRef=reference, Hold=False, DocumentsToApply=[applied])

    def release(self, number, kind="Payment"):
        """Starts the release and lets it end."""
        models, service = self.client.models, self.client.payment
        entity = models.Payment(Type=kind, ReferenceNbr=number)
        equal(service.invoke_action_release_payment(models.ReleasePayment(entity=entity)), None)
        self.sandbox.advance(10)


@check
def services_and_models_come_from_the_schema(books):
    client = books.client
    services = client.list_services()
    for name in ("Customer", "Invoice", "Payment", "CashTransaction", "JournalTransaction"):
        equal(name in services, True, name)
    equal(client.endpoints["Default"]["version"], "25.200.001", "newest version that is listed")
    payment = client.models.Payment.get_schema()
    equal(payment["PaymentAmount"]["type"], "float", "type of an amount")
    equal(payment["Hold"]["type"], "bool", "type of a flag")
    rows = payment["DocumentsToApply"]["fields"]
    equal(rows["ReferenceNbr"]["type"], "str", "type of a row's field")
    schema = client.invoice.get_ad_hoc_schema()
    equal("AttributeGCSTATE" in schema["custom"]["Document"], True, "user-defined field")


@check
def customers_are_created_changed_found_and_deleted(books):
    service, models = books.client.customer, books.client.models
    contact = models.CustomerMainContact(Email="ap@brightwater.example")
    made = service.put_entity(
        models.Customer(CustomerID="PY1", CustomerName="Brightwater Ltd", MainContact=contact))
    equal(plain(made, "CustomerID", "Status", "Terms"), ("PY1", "Active", "30D"))
    service.put_entity(wrapped(CustomerID="PY1", AccountRef="CU000123"))
    read = service.get_by_keys(
        CustomerID="PY1", options=QueryOptions(expand=["MainContact"]))
    equal(plain(read, "CustomerName", "AccountRef"), ("Brightwater Ltd", "CU000123"))
    equal(plain(read["MainContact"], "Email"), ("ap@brightwater.example",))
    equal(service.get_by_id(read["id"])["id"], read["id"])
    found = service.get_list(QueryOptions(
        filter=F.MainContact.Email == "ap@brightwater.example", select=["CustomerID"]))
    equal([plain(row, "CustomerID") for row in found], [("PY1",)])
    service.delete_by_keys(CustomerID="PY1")
    refused(exceptions.AcumaticaServerError, 500, "No entity satisfies the condition.",
            lambda: service.get_by_keys(CustomerID="PY1"))


@check
def lists_are_filtered_selected_and_paged(books):
    books.customer("PAGES")
    numbers = [books.invoice("PAGES", amount) for amount in ("10", "20.5", "30")]
    service = books.client.invoice
    mine = F.Customer == "PAGES"
    shown = service.get_list(QueryOptions(
        filter=mine & (F.Balance > 15), select=["ReferenceNbr", "Balance"],
        custom=[CustomField.field("Document", "CuryID")]))
    equal(sorted(plain(row, "Balance") for row in shown), [(20.5,), (30,)])
    equal({row["custom"]["Document"]["CuryID"]["value"] for row in shown}, {"GBP"})
    equal("Customer" in shown[0], False, "a field that was not selected")
    pages = [service.get_list(QueryOptions(filter=mine, top=2, skip=skip)) for skip in (0, 2)]
    equal([len(page) for page in pages], [2, 1], "sizes of pages")
    equal(sorted(row["ReferenceNbr"]["value"] for page in pages for row in page), numbers)


@check
def a_payment_is_entered_released_and_closes_its_invoice(books):
    books.customer("PAYS")
    number = books.invoice("PAYS", "120.50")
    before = books.balance("10250")
    service = books.client.payment
    made = service.put_entity(
        books.payment("PAYS", number, "PM1", 120.5), QueryOptions(expand=["DocumentsToApply"]))
    equal(plain(made, "Status", "AppliedToDocuments", "CurrencyID"), ("Balanced", 120.5, "GBP"))
    equal(plain(made["DocumentsToApply"][0], "ReferenceNbr", "AmountPaid"), (number, 120.5))
    equal(books.balance("10250"), before, "nothing is posted before the release")
    reference = made["ReferenceNbr"]["value"]
    books.release(reference)
    paid = service.get_by_keys(
        Type="Payment", ReferenceNbr=reference, options=QueryOptions(expand=["ApplicationHistory"]))
    equal(plain(paid, "Status", "AppliedToDocuments"), ("Closed", 0))
    equal(len(paid["ApplicationHistory"]), 1)
    invoice = books.client.invoice.get_by_keys(Type="Invoice", ReferenceNbr=number)
    equal(plain(invoice, "Status", "Balance"), ("Closed", 0))
    equal(float(books.balance("10250")) - float(before), 120.5, "posted")
    refused(exceptions.AcumaticaServerError, 500, "The Release button is disabled.",
            lambda: books.release(reference))
    refused(exceptions.AcumaticaServerError, 500, "Optimization cannot be performed",
            lambda: service.get_list(QueryOptions(expand=["ApplicationHistory"])))


@check
def a_void_opens_the_invoice_again(books):
    books.customer("VOIDS")
    number = books.invoice("VOIDS", "80")
    service, models = books.client.payment, books.client.models
    made = service.put_entity(books.payment("VOIDS", number, "PM2", 80))
    reference = made["ReferenceNbr"]["value"]
    books.release(reference)
    entity = models.Payment(Type="Payment", ReferenceNbr=reference)
    service.invoke_action_void_payment(models.VoidPayment(entity=entity))
    voiding = wrapped(Type="Voided Payment", ReferenceNbr=reference, Hold=False)
    equal(plain(service.put_entity(voiding), "Status", "PaymentAmount"), ("Balanced", -80))
    books.release(reference, "Voided Payment")
    read = service.get_by_keys(Type="Payment", ReferenceNbr=reference)
    equal(plain(read, "Status"), ("Voided",))
    invoice = books.client.invoice.get_by_keys(Type="Invoice", ReferenceNbr=number)
    equal(plain(invoice, "Status", "Balance"), ("Open", 80))


@check
def a_filter_in_the_url_finds_the_document_to_change(books):
    books.customer("UPSERTS")
    number = books.invoice("UPSERTS", "10")
    service = books.client.payment
    match = QueryOptions(filter=F.ExternalRef == "PM3")
    first = service.put_entity(books.payment("UPSERTS", number, "PM3", 10), match)
    again = service.put_entity(wrapped(Description="again"), match)
    equal((again["id"], plain(again, "Description")), (first["id"], ("again",)))
    service.delete_by_id(first["id"])
    equal(service.get_list(match), [])


@check
def a_payout_is_a_cash_transaction_and_a_batch(books):
    before = {account: books.balance(account) for account in ("10200", "10250", "61200")}
    client, models = books.client, books.client.models
    fee = dict(wrapped(CashAccountCD="10250", EntryTypeCD="GCFEE", PostedDate="2026-03-02",
                       ExternalReferenceNumber="PO1-fee"),
               Details=[wrapped(Amount=1.4, AmountDescription="Fees")],
               custom={"CAAdjRecords": {"Hold": {"type": "CustomBooleanField", "value": False}}})
    made = client.cash_transaction.put_entity(fee, QueryOptions(
        custom=[CustomField.field("CAAdjRecords", "Status")]))
    equal(made["custom"]["CAAdjRecords"]["Status"]["value"], "Balanced")
    # The models have no id, so the action is told by hand which document is meant.
    client.cash_transaction._post_action("ReleaseCashTransaction", {"id": made["id"]})
    books.sandbox.advance(10)
    lines = [models.JournalTransactionDetails(Account="10200", DebitAmount=50),
             models.JournalTransactionDetails(Account="10250", CreditAmount=50)]
    batch = client.journal_transaction.put_entity(models.JournalTransaction(
        Module="GL", TransactionDate="2026-03-02", Description="Payout PO1", Details=lines))
    equal(plain(batch, "Status", "Module"), ("Balanced", "GL"))
    entity = models.JournalTransaction(Module="GL", BatchNbr=batch["BatchNbr"]["value"])
    client.journal_transaction.invoke_action_release_journal_transaction(
        models.ReleaseJournalTransaction(entity=entity))
    books.sandbox.advance(10)
    moved = {account: round(float(books.balance(account)) - float(was), 2)
             for account, was in before.items()}
    equal(moved, {"10200": 50, "10250": -51.4, "61200": 1.4})


@check
def files_are_attached_and_listed(books):
    service = books.client.customer
    made = books.customer("FILES")
    service.put_file(made["id"], "mandate.txt", b"signed", comment="by hand")
    equal([(file["filename"], file["comment"]) for file in service.get_files(made["id"])],
          [("mandate.txt", "by hand")])
    service.delete_by_id(made["id"])


@check
def refusals_name_the_field_or_the_period(books):
    books.customer("REFUSED")
    number = books.invoice("REFUSED", "10")
    service = books.client.payment
    wrong = books.payment("REFUSED", number, "PM4", 10)
    wrong.CashAccount = "99999"
    error = refused(exceptions.AcumaticaBusinessRuleError, 422, "at least one error",
                    lambda: service.put_entity(wrong))
    equal(error.response_data["CashAccount"]["error"],
          "'Cash Account' cannot be found in the system.")
    refused(exceptions.AcumaticaError, 400, "input parsing",
            lambda: service.put_entity({"CustomerID": "REFUSED"}))
    books.control("/act", {"do": "period", "period": "032026", "set": "ar_closed"})
    refused(exceptions.AcumaticaBusinessRuleError, 422, "closed in Accounts Receivable",
            lambda: service.put_entity(books.payment("REFUSED", number, "PM4", 10)))
    books.control("/act", {"do": "period", "period": "032026", "set": "ar_open"})
    refused(exceptions.AcumaticaNotFoundError, 404, "",
            lambda: service._request("get", books.url + "/entity/Default/19.200.001/Payment"))


@check
def limits_of_the_licence_are_told(books):
    books.control("/seed", {"settings": {"per_minute": 1}})
    books.sandbox.advance(60)
    books.client.currency.get_list()
    refused(exceptions.AcumaticaRateLimitError, 429, "", books.client.currency.get_list)
    books.control("/seed", {"settings": {"per_minute": 0, "api_users": 1}})
    try:
        books.sign_in()
    except exceptions.AcumaticaAuthError as error:
        equal("429" in str(error), True, "status of the login limit")
    else:
        raise AssertionError("a second session was opened")
    finally:
        books.control("/seed", {"settings": {"api_users": 6}})


@check
def an_ended_session_is_opened_again(books):
    opened = books.truth()["sessions_opened"]
    books.control("/faults", {"end_sessions": True})
    equal(len(books.client.currency.get_list()), 4)
    equal(books.truth()["sessions_opened"], opened + 1)
    # Nobody used it for ten minutes.
    books.sandbox.advance(601)
    books.client.currency.get_list()
    equal(books.truth()["sessions_opened"], opened + 2)


@check
def signing_out_frees_the_seat(books):
    equal(len(books.truth()["sessions"]), 1)
    equal(books.client.logout(), 204)
    equal(books.truth()["sessions"], [])
    try:
        books.sign_in("wrong")
    except exceptions.AcumaticaAuthError as error:
        equal("500" in str(error), True, "status of a wrong password")
    else:
        raise AssertionError("a wrong password was taken")
    equal(books.truth()["sessions"], [])


if __name__ == "__main__":
    sys.exit(check.run(Books(sys.argv[1])))
